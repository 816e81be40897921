/** The session's laws on a stub cluster: stub Kubernetes, real Docker, real kernel packets. */
import { rm } from 'node:fs/promises';
import { ok } from '../../src/base/result.ts';
import { kindEngine } from '../../src/engines/kind/session/engine.ts';
import type { KindEngineParts } from '../../src/engines/kind/session/parts.ts';
import { labCaptureContract } from '../../src/engines/lab-capture.contract.ts';
import { labSessionContract } from '../../src/engines/lab-session.contract.ts';
import { stubCluster } from './stub-cluster/stub-cluster.ts';
import { onEngineAtLength, type EngineInTest } from './support/engine.ts';

/** Every opening gets a cluster of its own, which ends with the session. */
const stubParts = ({ docker }: EngineInTest): KindEngineParts => ({
  preflight: () => Promise.resolve(undefined),
  async raise(environment) {
    const cluster = await stubCluster(await docker(), environment);
    return ok({
      cluster,
      kept: false,
      mend: () => cluster.layAll(),
      // The lab is whole once the kernel is what the API says.
      async keep() {
        await cluster.dataPlane.settled();
        return ok(undefined);
      },
      release: () => cluster.dispose(),
      async remove() {
        await cluster.dispose();
        await rm(cluster.folder.root, { recursive: true, force: true });
        return ok(undefined);
      },
    });
  },
});

onEngineAtLength('the kind engine on a stub cluster', (engine) => {
  const make = (): ReturnType<typeof kindEngine> =>
    kindEngine({ parts: stubParts(engine), afterwards: 'delete' });
  labSessionContract('keeps the contract of sessions', make);
  labCaptureContract('keeps the contract of captures', make);
});
