/**
 * What a real cluster is made of, pinned together: the same Kubernetes and Calico that the simulator models. Sources:
 * kind v0.32.0 release (node image digest), Calico v3.32.1 (operator version, image names).
 */

/** The kind CLI that creates nodes; its minor version has to be the node image's or newer. */
export const KIND_VERSION = 'v0.32.0';

/** Kubernetes of the node image, with the digest that kind v0.32.0 was released with. */
export const NODE_IMAGE = {
  repository: 'kindest/node',
  tag: 'v1.35.5',
  digest: 'sha256:ce977ae6d65918d0b58a5f8b5e940429c2ce42fa3a5619ec2bbc60b949c0ac95',
} as const;

export const CALICO_VERSION = 'v3.32.1';
export const OPERATOR_VERSION = 'v1.42.3';

/** What the workstation's calicoctl is taken from. */
export const CALICOCTL_IMAGE = `quay.io/calico/ctl:${CALICO_VERSION}`;

/** What the labs' own pods run. */
export const AGNHOST_IMAGE = 'registry.k8s.io/e2e-test-images/agnhost:2.53';
