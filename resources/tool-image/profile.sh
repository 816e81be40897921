# What a person's shell begins with at every place.
HISTCONTROL=ignoreboth
HISTSIZE=1000
if [ -n "${BASH_VERSION:-}" ] && [ -n "${PS1:-}" ]; then
  PS1='\u@\h:\w\$ '
  if [ -r /usr/share/bash-completion/bash_completion ]; then
    . /usr/share/bash-completion/bash_completion
  fi
  for program in kubectl calicoctl; do
    command -v "$program" > /dev/null && . <("$program" completion bash 2> /dev/null)
  done
  unset program
fi
