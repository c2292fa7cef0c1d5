export { ClientIdPicker } from './ClientIdPicker';
export { DEFAULT_PROXY, ProxyPicker, type ProxyChoice } from './ProxyPicker';
export { clientIdsQuery, proxiesQuery } from './query';
