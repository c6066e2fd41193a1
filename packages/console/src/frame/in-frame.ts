// Is a component inside the frame, which has the main landmark already?
import { createContext } from 'react';

export const InFrame = createContext(false);
