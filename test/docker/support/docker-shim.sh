#!/bin/bash
# The docker command for kind on a machine that cannot give containers everything: `--privileged` becomes the capabilities
# that are there, mounts of the machine's modules and cgroup namespaces are left out. Everything else goes through as it is.
arguments=()
running=${1:-}
while [ $# -gt 0 ]; do
  case $running:$1 in
    run:--privileged) arguments+=(--cap-add NET_ADMIN --cap-add SYS_ADMIN) ;;
    exec:--privileged) ;;
    run:--cgroupns=private) ;;
    run:--volume)
      if [ "$2" != /lib/modules:/lib/modules:ro ]; then arguments+=("$1" "$2"); fi
      shift
      ;;
    *) arguments+=("$1") ;;
  esac
  shift
done
exec "${UNDERLAY_TEST_DOCKER:?}" "${arguments[@]}"
