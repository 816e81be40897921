/** exec and logs, over WebSocket and HTTP. */
import type { Scenario } from '../case.ts';

const EXEC = 'k8s.io/kubectl pkg/cmd/exec/exec.go; k8s.io/client-go tools/remotecommand/websocket.go';
const LOGS =
  'k8s.io/kubectl pkg/cmd/logs/logs.go; k8s.io/kubernetes pkg/registry/core/pod/strategy.go LogLocation';

export const STREAMS: Scenario = {
  name: 'streams',
  cases: [
    { run: 'exec near -- hostname', source: EXEC, stdout: 'near\n' },
    { run: 'exec -i near -- cat', source: EXEC, stdin: 'one\ntwo\n', stdout: 'one\ntwo\n' },
    {
      run: "exec near -- sh -c 'echo out; echo err >&2; exit 7'",
      source: `${EXEC}; tools/remotecommand/v4.go NonZeroExitCode`,
      end: 7,
      stdout: 'out\n',
      stderr: 'err\ncommand terminated with exit code 7\n',
    },
    {
      run: 'exec near -- nosuch',
      source:
        'containerd internal/cri/server/container_execsync.go, opencontainers/runc libcontainer (messages)',
      end: 1,
      stderr:
        'error: Internal error occurred: error executing command in container: failed to exec in container: failed to start exec "<<any>>": OCI runtime exec failed: exec failed: unable to start container process: exec: "nosuch": executable file not found in $PATH: unknown\n',
    },
    {
      run: 'exec nosuch -- ls',
      source: 'k8s.io/apimachinery pkg/api/errors/errors.go NewNotFound',
      end: 1,
      stderr: 'Error from server (NotFound): pods "nosuch" not found\n',
    },
    {
      run: 'exec near -c nosuch -- ls',
      source: 'k8s.io/kubernetes pkg/registry/core/pod/strategy.go streamLocation',
      end: 1,
      stderr: 'Error from server (BadRequest): container nosuch is not valid for pod near\n',
    },
    {
      run: 'exec svc/web -- true',
      source: EXEC,
    },
    {
      run: 'logs near --tail=1',
      source: `${LOGS}; agnhost netexec.go (its lines)`,
      stdout: '<<any>>] Started UDP server on port  8081\n',
    },
    {
      run: 'logs near --tail=1 --timestamps',
      source: 'k8s.io/kubernetes pkg/kubelet/kuberuntime/logs/logs.go (RFC3339Nano)',
      stdout: '20<<any>>Z I<<any>>] Started UDP server on port  8081\n',
    },
    {
      run: 'logs -f near --tail=1',
      source: `${LOGS}; k8s.io/kubectl pkg/util/interrupt/interrupt.go (an interrupted one exits with 1)`,
      until: 'UDP server',
      end: 'interrupted',
      stdout: '<<any>>] Started UDP server on port  8081\n',
    },
    {
      run: 'logs near -c nosuch',
      source: 'k8s.io/kubectl pkg/polymorphichelpers/logsforobject.go; pkg/cmd/util/podcmd/podcmd.go',
      end: 1,
      stderr: 'error: container nosuch is not valid for pod near\n',
    },
    {
      run: 'logs nosuch',
      source: 'k8s.io/kubectl pkg/cmd/logs/logs.go',
      end: 1,
      stderr: 'error: error from server (NotFound): pods "nosuch" not found in namespace "default"\n',
    },
  ],
};
