/** Every word the desktop window says outside its page: menus, dialogs, reports. */

export const strings = {
  product: 'Underlay',

  menu: {
    file: '&File',
    edit: '&Edit',
    view: '&View',
    window: '&Window',
    help: '&Help',
    kubernetesDocs: 'Kubernetes: Cluster Networking',
    calicoDocs: 'Calico Documentation',
    dataFolder: 'Open the Data Folder',
  },

  outside: {
    title: 'Leave Underlay?',
    question: 'Open this address in your browser?',
    open: 'Open',
    stay: 'Cancel',
  },

  save: {
    title: 'Save a file of the lab',
    captures: 'Packet captures',
    anything: 'All files',
  },

  bundle: {
    title: 'Choose an offline bundle',
    choose: 'Choose',
    bundles: 'Offline bundles',
    anything: 'All files',
  },

  gone: {
    title: 'The page has ended',
    message: 'The page of this window ended unexpectedly.',
    detail: (reason: string) =>
      `The running lab is not lost: after a reload it is as it was, and terminals open anew. (${reason})`,
    reload: 'Reload',
    quit: 'Quit',
  },

  stuck: {
    title: 'The page does not respond',
    message: 'The page of this window has not responded for a while.',
    detail: 'You can wait, or reload it. The running lab is as it was afterwards; terminals open anew.',
    wait: 'Wait',
    reload: 'Reload',
  },

  fault: {
    title: 'Underlay cannot go on',
    start: 'Underlay could not be started',
    noSandbox:
      'it was started with its sandbox switched off (--no-sandbox), and does not run so. An AppImage does that where the system forbids user namespaces: there, install the package for your system instead.',
    bug: 'Underlay has a fault of its own and must end. Progress that was shown as saved is saved.',
  },
} as const;
