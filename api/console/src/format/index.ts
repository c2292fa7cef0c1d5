export { inSeconds, useNow } from './clock';
export { Format, type Counted } from './format';
export { useFormat } from './useFormat';
