/**
 * Every word the interface says of its own, in one catalogue; lessons, labs and hosts bring theirs. Members are
 * sentences or functions of what varies, grouped by where they appear.
 */
import { bundleStrings } from './bundle-strings.ts';

const count = (n: number, one: string, many: string): string => `${n} ${n === 1 ? one : many}`;

const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`;

/** Lab time as a person says it, in whole minutes. */
function spanOf(milliseconds: number): string {
  const minutes = Math.floor(milliseconds / 60_000);
  if (minutes < 1) return 'less than a minute';
  if (minutes < 90) return count(minutes, 'minute', 'minutes');
  return `about ${count(Math.round(minutes / 60), 'hour', 'hours')}`;
}

export const strings = {
  product: 'Underlay',
  tagline: 'Kubernetes networking with Calico, one packet at a time',

  skip: {
    to: { home: 'Skip to the course', lesson: 'Skip to the lesson', machine: 'Skip to the findings' },
    toLab: 'Skip to the lab',
  },

  connection: {
    lost: 'The connection to the lab host is gone.',
    lostRemedy:
      'Trying again. Terminals open anew when it is back. If Underlay itself has ended, start it again and open the address that it prints.',
    retry: 'Try now',
    back: 'Connected again.',
    lostError: {
      message: 'The connection to the lab host is gone.',
      remedy: 'Wait until it is back, then try again. If it stays away, start Underlay again.',
    },
  },

  bar: {
    landmark: 'Application',
    home: 'Underlay, course start',
    progress: (done: number, total: number) => `${done} of ${count(total, 'lesson', 'lessons')} done`,
    hideCourse: 'Hide the course',
    showCourse: 'Show the course',
    theme: 'Colours',
    themes: { system: 'As the system', light: 'Light', dark: 'Dark' },
    views: 'What to show',
    showLesson: 'Lesson',
    showLab: 'Lab',
  },

  course: {
    landmark: 'Course',
    loading: 'Opening the course…',
    done: 'done',
    lessonOf: (module: number, lesson: number) => `Module ${module} · Lesson ${lesson}`,
    minutes: (minutes: number) => `${minutes} min`,
    minutesLong: (minutes: number) => count(minutes, 'minute', 'minutes'),
    levels: { introductory: 'Introductory', intermediate: 'Intermediate', advanced: 'Advanced' },
    withLab: 'with a lab',
    start: 'Start the course',
    resume: 'Continue',
    summary: (modules: number, lessons: number, minutes: number) =>
      `${count(modules, 'module', 'modules')}, ${count(lessons, 'lesson', 'lessons')}, about ${minutes < 90 ? count(minutes, 'minute', 'minutes') : count(Math.round(minutes / 60), 'hour', 'hours')}`,
    versions: (kubernetes: string, calico: string) => `Kubernetes ${kubernetes} · Calico ${calico}`,
    version: (version: string) => `Underlay ${version}`,
    allDone: 'You have finished every lesson.',
    empty: 'This course has no lessons yet.',
  },

  lesson: {
    landmark: 'Lesson',
    loading: 'Opening the lesson…',
    objectives: 'You will meet',
    onThisPage: 'On this page',
    linkToSection: (title: string) => `Link to the section ${title}`,
    markDone: 'Mark as done',
    doneMark: 'Done',
    unmark: 'Not done after all',
    doneAndNext: 'Done, next lesson',
    previous: 'Previous',
    next: 'Next',
    navigation: 'Neighbouring lessons',
    missing: 'This lesson is not here.',
    backToCourse: 'To the course',
    openLab: 'Open the lab',
    labTitle: 'The lab of this lesson',
    labText: 'This lesson comes with a cluster of your own. What you change in it is checked.',
    labRunning: 'The lab is running.',
    showLab: 'Go to the lab',
  },

  blocks: {
    tones: { note: 'Note', tip: 'Tip', warning: 'Take care' },
    copy: 'Copy',
    copied: 'Copied.',
    copyFailed: 'The clipboard is not available here. Select the text and copy it by keyboard.',
    insert: 'To terminal',
    insertAt: (place: string) => `To ${place}`,
    insertHelp: (place: string) => `Put this command into the terminal of ${place}, without running it`,
    inserted: (place: string) => `The command stands in the terminal of ${place}. Enter runs it.`,
    code: (language: string) => `Code, ${language}`,
    tableRegion: 'Table',
    quiz: 'Check yourself',
    quizCheck: 'Check the answer',
    quizAgain: 'Try again',
    quizRight: 'Right',
    quizWrong: 'Not quite',
    chooseOne: 'Choose one.',
    chooseSeveral: 'Choose all that apply.',
    diagram: 'Figure',
    packet: 'Packet',
    bytes: (bytes: number) => `${bytes} B`,
    packetSummary: (layers: string, total: number) =>
      `From the outside in: ${layers}. ${total} bytes in all.`,
    layer: (name: string, bytes: number) => `${name}, ${count(bytes, 'byte', 'bytes')}`,
    totalBytes: (bytes: number) => `${count(bytes, 'byte', 'bytes')} in all`,
    roles: {
      frame: "the link's header",
      outer: 'outer header',
      tunnel: 'tunnel header',
      inner: 'inner header',
      payload: 'payload',
    },
    encapsulations: { none: 'no encapsulation', vxlan: 'VXLAN', ipip: 'IP in IP' },
    legend: 'Legend',
  },

  links: {
    outsideTitle: 'Open a page outside Underlay?',
    outsideText: 'Your browser will open this address:',
    outsideOpen: 'Open the page',
    outsideHint: 'opens outside Underlay',
    termMissing: 'The glossary has no entry for this word.',
    close: 'Close',
  },

  dialog: { cancel: 'Cancel' },
  percent: (percent: number) => `${percent} %`,

  splitter: {
    lesson: 'Width of the lesson',
    steps: 'Height of the steps',
  },

  lab: {
    landmark: 'Lab',
    closedTitle: 'Lab',
    closedText: {
      sim: 'A simulated cluster of your own: racks, nodes, pods, and Calico between them. It starts at once and nothing leaves this computer.',
      kind: 'A cluster of your own on your Docker: racks, nodes, pods, and Calico between them. The first one downloads about 1 GB; later ones use what is there.',
    },
    start: { sim: 'Start the lab on the simulator', kind: 'Start the lab on a real cluster' },
    starting: 'Starting the lab…',
    startFailed: 'The lab did not start.',
    replaces: (title: string, kept: boolean) =>
      `Starting this lab leaves the one that is running, ${title}, ${kept ? 'which is kept as it is' : 'whose cluster is then removed; your files stay'}.`,
    passedBefore: (steps: number) => `You have passed ${count(steps, 'step', 'steps')} of it before.`,
    tryAgain: 'Try again',
    reset: 'Reset',
    resetTitle: 'Reset the lab?',
    resetText: 'The cluster goes back to how it was at the start. Your files and your progress stay.',
    resetConfirm: 'Reset the lab',
    resetDone: 'The lab is back at its start.',
    resetting: 'Resetting…',
    end: 'Leave the lab',
    endTitle: 'Leave the lab?',
    endText: {
      sim: 'Its terminals close. The cluster is kept as it is: start the lab again to go on where you left off.',
      keep: 'Its terminals close. The cluster goes on running in your Docker: start the lab again to go on where you left off, or remove the cluster on the page This machine.',
      remove:
        'Its terminals close, and its cluster is removed from your Docker. Your files and your progress stay; start the lab again for a new cluster.',
    },
    returned: (milliseconds: number) =>
      `You are where you left off, ${spanOf(milliseconds)} into the lab. Lab time stood still while you were away.`,
    startOver: 'Start over',
    fresh: {
      'lab-changed':
        'This lab has changed since you left it, so it starts afresh. Your files and your progress are here.',
      'app-changed':
        'Underlay has changed since you left this lab, so it starts afresh. Your files and your progress are here.',
      unreadable:
        'What was kept of this lab could not be read. It has been set aside, and the lab starts afresh. Your progress is here.',
    },
    ownKubectl: 'Use your own kubectl',
    ownKubectlText:
      'This lab has an API on this computer that only the file below leads to. Run this line in a terminal of yours, and the kubectl in it talks to the lab until you leave it. Version 1.31 or later.',
    ownKubectlOffer: 'Open the lab to it',
    ownKubectlCopy: 'Copy',
    dismissNote: 'Dismiss this note',
    restart: 'Restart the lab',
    restarting: 'Restarting…',
    problem: 'The lab has stopped.',
    finished: 'Lab complete. Every step has passed.',
    engine: { sim: 'simulated cluster', kind: 'kind cluster' },
  },

  engines: {
    legend: 'What the lab runs on',
    names: { sim: 'Simulator', kind: 'Real cluster' },
    texts: {
      sim: 'Starts at once, works offline, and time can be hurried.',
      kind: 'kind on your Docker, in two to five minutes. Your own clusters, images and kubeconfig stay as they are.',
    },
    examine: 'What works on this machine',
    another: 'Run it on something else',
  },

  opening: {
    landmark: 'The real cluster on its way',
    title: 'Making a real cluster',
    begins: 'Getting ready',
    states: { waiting: 'waiting', ready: 'ready', failing: 'failing' },
    log: 'What kind and Docker say',
    copyLog: 'Copy all of it',
    givingUp: 'Given up. What is there already is being removed.',
    givenUp: 'The real cluster was given up, and is removed.',
    cancel: 'Give up, and remove what is there',
  },

  machine: {
    title: 'This machine',
    intro:
      'What of Underlay works here, and what to do about the rest. Labs on the simulator need none of Docker.',
    findings: 'What was found',
    looking: 'Looking…',
    lookAgain: 'Look again',
    examined: (trouble: number) =>
      trouble === 0 ? 'Everything works here.' : `${count(trouble, 'finding', 'findings')} to read.`,
    good: (parts: number) => count(parts, 'thing works', 'things work'),
    states: { good: 'works', limited: 'limited', broken: 'broken', unknown: 'not looked at' },
    leftovers: 'Clusters that earlier labs left',
    nothingLeft: 'Nothing is left behind.',
    made: (date: string) => `made on ${date}`,
    together: (bytes: number) => `Together they take ${gigabytes(bytes)}, and memory while they run.`,
    columns: { cluster: 'Cluster', state: 'State', size: 'Takes', action: 'Action' },
    kinds: { unfinished: 'not finished', idle: 'running, unused', stopped: 'stopped' },
    size: (containers: number, bytes: number | undefined) =>
      `${count(containers, 'container', 'containers')}${bytes === undefined ? '' : `, ${gigabytes(bytes)}`}`,
    remove: 'Remove',
    removing: 'Removing…',
    removeOne: (name: string) => `Remove ${name}`,
    removeAll: 'Remove all',
    removeTitle: (clusters: number) => `Remove ${count(clusters, 'cluster', 'clusters')}?`,
    removeText:
      'Their containers, volumes and networks go; what you changed in them is lost. Images stay, so the next cluster is quick.',
    cleaned: (clusters: number) => `${count(clusters, 'cluster is', 'clusters are')} removed.`,
    afterwards: {
      legend: 'When you leave a lab on a real cluster',
      names: { keep: 'Keep its cluster', remove: 'Remove its cluster' },
      texts: {
        keep: 'You go on where you left off, in seconds. Until it is removed it takes room on the disk, about 1 GB a node, and memory.',
        remove:
          'Nothing stays but images, your files and your progress. The next start makes a new cluster, in minutes.',
      },
    },
  },

  bundle: bundleStrings,

  steps: {
    landmark: 'Steps',
    step: (number: number) => `Step ${number}`,
    progress: (done: number, total: number) => `${done} of ${total} passed`,
    passed: 'passed',
    failed: 'not yet',
    open: 'open',
    check: 'Check',
    checking: 'Checking…',
    checkKeys: 'Ctrl+Shift+Enter',
    checkNeedsPrediction: 'Lock in your prediction first.',
    hint: (shown: number, total: number) =>
      shown === 0 ? `Hint (${total})` : `Next hint (${total - shown} left)`,
    hints: 'Hints',
    nextStep: 'Next step',
    goBack: 'Go back to the start of this step',
    goingBack: 'Going back…',
    goBackTitle: (number: number) => `Go back to the start of step ${number}?`,
    goBackText: (number: number) =>
      number === 1
        ? 'The cluster and every step go back to how they were at the start of the lab. Your files and your progress stay.'
        : `The cluster goes back to how it was when you first reached step ${number}; this step and those after it are open again. Your files and your progress stay.`,
    goBackConfirm: 'Go back',
    wentBack: (number: number) => `You are at the start of step ${number} again.`,
    startMissing:
      'You came here without passing the step before, so the start of this step was not kept. You can go back to an earlier step, or reset the lab.',
    verdicts: 'Result',
  },

  prediction: {
    title: 'Predict first',
    lock: 'Lock in',
    locked: 'Locked in. It is scored when the step passes.',
    right: 'Your prediction was right.',
    wrong: (chosen: string, answer: string) => `You predicted ${chosen}. It was ${answer}.`,
    answer: 'what happened',
  },

  verdicts: {
    outcomes: { pass: 'Pass', fail: 'Not yet', error: 'Could not check' },
    expected: 'Expected',
    observed: 'Observed',
    why: 'Why',
    readOn: 'Read on',
    passed: (total: number) => `Step passed: ${count(total, 'check', 'checks')} of ${total}.`,
    partly: (passed: number, total: number) => `${passed} of ${count(total, 'check passes', 'checks pass')}.`,
    error: 'The lab could not answer. This says nothing about your work.',
  },

  topology: {
    landmark: 'Topology',
    show: 'Topology',
    picture: 'The lab’s racks, nodes and routers. Each opens a terminal.',
    open: (place: string, address: string) => `Open a terminal at ${place}, ${address}`,
  },

  terminals: {
    landmark: 'Terminals',
    tabs: 'Open terminals',
    add: 'Open a terminal',
    menu: 'Places',
    groups: {
      workstation: 'Your workstation',
      node: 'Nodes',
      pod: 'Pods',
      router: 'Routers',
      host: 'Outside the cluster',
    },
    workstation: 'workstation',
    close: (place: string) => `Close the terminal of ${place}`,
    label: (place: string) => `Terminal of ${place}`,
    opening: 'Opening the terminal…',
    failed: 'The terminal did not open.',
    ended: (code: number) => `The shell ended with code ${code}.`,
    gone: 'Waiting for the connection…',
    stopped: 'This shell ended with the lab. Restart the lab to go on.',
    restart: 'New shell',
    none: 'No terminal is open.',
    openWorkstation: 'Open the workstation',
    leaveHint: 'Leave terminal',
    leaveKeys: 'Ctrl+Shift+X',
    copyHint: 'Copy / paste',
    copyKeys: 'Ctrl+Shift+C / V',
    findHint: 'Find',
    findKeys: 'Ctrl+Shift+F',
    find: 'Find in the terminal',
    findNext: 'Next match',
    findPrevious: 'Previous match',
    findClose: 'Close the search',
    smaller: 'Smaller text',
    larger: 'Larger text',
    saveFile: 'Save a file…',
    saveTitle: (place: string) => `Save a file of ${place}`,
    saveHelp: 'Save a file of this place, such as a capture, to your computer',
    saveText: 'A capture opens in Wireshark.',
    saveNothing: 'A capture, for example, which tcpdump -w writes and Wireshark opens.',
    saveFiles: 'Your files here',
    savePath: 'Path of the file',
    saveConfirm: 'Save',
    // Where to, or whether at all, is asked outside the page.
    saved: (name: string) => `Saving ${name}.`,
    findNothing: 'No match',
    closeHint: 'Close a focused tab',
    closeKeys: 'Delete',
    loadError: {
      code: 'terminal-not-loaded',
      message: 'The terminal could not be loaded.',
      remedy: 'Check that Underlay is still running, then reload this page.',
    },
  },

  notices: { landmark: 'Messages', dismiss: 'Dismiss' },
} as const;
