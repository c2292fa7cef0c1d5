export { ClientIdPicker } from './ClientIdPicker';
export { DEFAULT_PROXY, proxyFields, ProxyPicker, type ProxyChoice } from './ProxyPicker';
export { clientIdsQuery, proxiesQuery } from './query';
