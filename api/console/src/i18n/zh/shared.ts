/** What every page says; loaded first, in one piece. */
export { default as codes } from './codes.json';
export { default as common } from './common.json';
export { default as errors } from './errors.json';
export { default as terms } from './terms.json';
