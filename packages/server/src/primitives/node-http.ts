// Node's HTTP module. An import of `node:http` reads all its exports, and one of them loads the `fetch` of Node, which takes 45 ms.
import type * as http from 'node:http';

export const { Agent, createServer, IncomingMessage, request, ServerResponse, STATUS_CODES } =
  process.getBuiltinModule('node:http');
export type Agent = http.Agent;
export type IncomingMessage = http.IncomingMessage;
export type ServerResponse = http.ServerResponse;
