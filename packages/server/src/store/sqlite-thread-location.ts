// Says where the program of a thread of SQLite is. A build in one file replaces this module.
export const sqliteThread = new URL('./sqlite-thread.mjs', import.meta.url);
