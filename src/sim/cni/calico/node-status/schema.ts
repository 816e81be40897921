/**
 * The schema of CalicoNodeStatus.
 * Source: libcalico-go/config/crd/crd.projectcalico.org_caliconodestatuses.yaml, Calico v3.32.1.
 */
import { array, integer, object, string, type Schema } from '../../../kube/schema.ts';

export const NODE_STATUS_SPEC: Schema = object({
  classes: array(string({ enum: ['Agent', 'BGP', 'Routes'] })),
  node: string(),
  updatePeriodSeconds: integer({ format: 'int32' }),
});

const daemon = object({
  lastBootTime: string(),
  lastReconfigurationTime: string(),
  routerID: string(),
  state: string({ enum: ['Ready', 'NotReady'] }),
  version: string(),
});

const SESSIONS = ['Idle', 'Connect', 'Active', 'OpenSent', 'OpenConfirm', 'Established', 'Close'];

const peers = array(
  object({
    peerIP: string(),
    since: string(),
    state: string({ enum: SESSIONS }),
    type: string({ enum: ['NodeMesh', 'NodePeer', 'GlobalPeer'] }),
  }),
);

const routes = array(
  object({
    destination: string(),
    gateway: string(),
    interface: string(),
    learnedFrom: object({
      peerIP: string(),
      sourceType: string({ enum: ['Kernel', 'Static', 'Direct', 'NodeMesh', 'BGPPeer'] }),
    }),
    type: string({ enum: ['FIB', 'RIB'] }),
  }),
);

export const NODE_STATUS_STATUS: Schema = object({
  agent: object({ birdV4: daemon, birdV6: daemon }),
  bgp: object(
    {
      numberEstablishedV4: integer(),
      numberEstablishedV6: integer(),
      numberNotEstablishedV4: integer(),
      numberNotEstablishedV6: integer(),
      peersV4: peers,
      peersV6: peers,
    },
    {
      required: [
        'numberEstablishedV4',
        'numberEstablishedV6',
        'numberNotEstablishedV4',
        'numberNotEstablishedV6',
      ],
    },
  ),
  lastUpdated: string({ format: 'date-time', nullable: true }),
  routes: object({ routesV4: routes, routesV6: routes }),
});
