import { expect, test } from 'vitest';
import { apiRoot, endpointVariables } from './service-endpoint.ts';

// Source: pkg/controller/k8sapi/k8s-endpoint.go (EnvVars, CNIAPIRoot), tigera/operator v1.42.3.
test('an address of IPv6 has brackets where a URL is made of it, and none in a variable', () => {
  const endpoint = { host: 'fd00:10:96::1', port: '443' };
  expect(apiRoot(endpoint)).toBe('https://[fd00:10:96::1]:443');
  expect(endpointVariables(endpoint)).toEqual([
    { name: 'KUBERNETES_SERVICE_HOST', value: 'fd00:10:96::1' },
    { name: 'KUBERNETES_SERVICE_PORT', value: '443' },
  ]);
  expect(endpointVariables(undefined)).toEqual([]);
});
