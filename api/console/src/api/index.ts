export { api, unwrap, type Schemas } from './client';
export { Problem, type FieldError } from './problem';
export { download, saveFile } from './download';
