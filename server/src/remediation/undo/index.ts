export type { Counted, Future, TouchedAction, UndoPreview } from './preview.ts'
export { previewOf } from './preview.ts'
export type { CauseRef, UndoSelection } from './selection.ts'
export { submitUndo, type UndoRequest } from './submit.ts'
