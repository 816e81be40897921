import { expect, test } from 'vitest';
import { FakeDocker } from '../../../../test/support/fake-docker.ts';
import { cidr } from '../../../model/ip.ts';
import { cidr6 } from '../../../model/ipv6.ts';
import { kindEnvironment } from './kind-cli.ts';

const SEGMENTS = [
  { name: 'rack-a', subnet: cidr('10.0.0.0/24'), mtu: 1500 },
  { name: 'rack-b', subnet: cidr('10.0.1.0/24'), subnet6: cidr6('2001:db8:1::/64'), mtu: 1500 },
];

test('proxies are handed on to nodes, which reach the racks without them', () => {
  const env = { PATH: '/bin', HTTPS_PROXY: 'http://proxy.example:3128', NO_PROXY: 'intra.example' };
  const means = { docker: new FakeDocker(), env, platform: 'linux', home: '/home/me' } as const;
  expect(kindEnvironment(means, 'underlay-1', SEGMENTS)).toEqual({
    PATH: '/bin',
    HOME: '/home/me',
    DOCKER_HOST: 'unix:///run/fake-docker.sock',
    KIND_EXPERIMENTAL_PROVIDER: 'docker',
    KIND_EXPERIMENTAL_DOCKER_NETWORK: 'underlay-1',
    HTTPS_PROXY: 'http://proxy.example:3128',
    https_proxy: 'http://proxy.example:3128',
    NO_PROXY: 'intra.example,10.0.0.0/24,10.0.1.0/24,2001:db8:1::/64',
    no_proxy: 'intra.example,10.0.0.0/24,10.0.1.0/24,2001:db8:1::/64',
  });
});
