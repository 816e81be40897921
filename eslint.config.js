import { resolve } from 'node:path';
import js from '@eslint/js';
import boundaries from 'eslint-plugin-boundaries';
import svelte from 'eslint-plugin-svelte';
import globals from 'globals';
import ts from 'typescript-eslint';
import svelteConfig from './svelte.config.js';

/*
 * THE RINGS. Imports point inward; adapters never import each other; nobody imports a host.
 *
 * Each area of src: the areas it may import (its own files always), its npm packages, and whether it may use
 * Node builtins. This is the table of ARCHITECTURE.md; test/boundaries plants a violation of every row.
 */
const PURE_PACKAGES = ['yaml', 'marked', 'unbash', 'minisearch', '@noble/hashes', 'zod'];
const SVELTE_PACKAGES = ['svelte', '@xterm/*', 'highlight.js'];
const ANY_PACKAGE_BUT_ELECTRON = ['!electron'];

const SIM_FLOORS = ['sim/core', 'sim/net', 'sim/routing', 'sim/fabric', 'sim/kube', 'sim/cni', 'sim/shell'];
const INSIDE = ['base', 'model', 'sim/index', 'lab', 'course', 'contract'];
const ADAPTERS = ['engines', 'engines/sim', 'engines/kind', 'services'];
const NODE_HOSTS = ['main', 'server', 'cli'];

/** @type {Record<string, { may: string[], packages: string[], node?: boolean }>} */
export const RINGS = {
  base: { may: [], packages: PURE_PACKAGES },
  model: { may: ['base'], packages: PURE_PACKAGES },

  'sim/core': { may: ['base', 'model'], packages: PURE_PACKAGES },
  'sim/net': { may: ['base', 'model', 'sim/core'], packages: PURE_PACKAGES },
  'sim/routing': { may: ['base', 'model', 'sim/core', 'sim/net'], packages: PURE_PACKAGES },
  'sim/fabric': { may: ['base', 'model', 'sim/core', 'sim/net', 'sim/routing'], packages: PURE_PACKAGES },
  'sim/kube': { may: ['base', 'model', 'sim/core', 'sim/net', 'sim/routing'], packages: PURE_PACKAGES },
  'sim/cni': { may: ['base', 'model', ...SIM_FLOORS.slice(0, 5)], packages: PURE_PACKAGES },
  'sim/shell': { may: ['base', 'model', ...SIM_FLOORS.slice(0, 6)], packages: PURE_PACKAGES },
  // Files directly in src/sim see every floor; outsiders enter by sim/index.ts only.
  'sim/top': { may: ['base', 'model', ...SIM_FLOORS, 'sim/index'], packages: PURE_PACKAGES },
  'sim/index': { may: ['base', 'model', ...SIM_FLOORS, 'sim/top'], packages: PURE_PACKAGES },

  lab: { may: ['base', 'model'], packages: PURE_PACKAGES },
  course: { may: ['base', 'model', 'lab'], packages: PURE_PACKAGES },
  contract: { may: ['base', 'model', 'lab', 'course', 'contract/channel'], packages: PURE_PACKAGES },
  'contract/channel': { may: ['base', 'model', 'lab', 'course', 'contract'], packages: PURE_PACKAGES },

  engines: { may: ['base', 'model', 'lab'], packages: ANY_PACKAGE_BUT_ELECTRON, node: true },
  'engines/sim': {
    may: ['base', 'model', 'lab', 'sim/index', 'engines'],
    packages: ANY_PACKAGE_BUT_ELECTRON,
    node: true,
  },
  'engines/kind': {
    may: ['base', 'model', 'lab', 'engines'],
    packages: ANY_PACKAGE_BUT_ELECTRON,
    node: true,
  },
  services: {
    may: ['base', 'model', 'lab', 'course', 'contract', 'contract/channel'],
    packages: ANY_PACKAGE_BUT_ELECTRON,
    node: true,
  },
  renderer: {
    may: ['base', 'model', 'lab', 'course', 'contract', 'contract/channel'],
    packages: [...PURE_PACKAGES, ...SVELTE_PACKAGES],
  },

  preload: { may: ['contract/channel'], packages: ['electron'] },
  main: {
    may: [...INSIDE, 'contract/channel', ...ADAPTERS, 'server', 'cli', 'project'],
    packages: ['*', '@*/*'],
    node: true,
  },
  server: {
    may: [...INSIDE, 'contract/channel', ...ADAPTERS, 'cli', 'project'],
    packages: ANY_PACKAGE_BUT_ELECTRON,
    node: true,
  },
  cli: {
    may: [...INSIDE, 'contract/channel', ...ADAPTERS, 'server', 'project'],
    packages: ANY_PACKAGE_BUT_ELECTRON,
    node: true,
  },
  // Runs before anything is installed or built.
  'cli/bootstrap': { may: [], packages: [], node: true },
};

const placeOrder = (area) => PLACES.findIndex(([name]) => name === area);

/** Where an area's files are, when that is not simply `src/<area>/`. The first match names a file's area. */
const PLACES = [
  ['sim/index', 'src/sim/index.ts'],
  ...SIM_FLOORS.map((floor) => [floor, `src/${floor}/**`]),
  ['sim/top', 'src/sim/**'],
  ['contract/channel', 'src/contract/channel.ts'],
  ['cli/bootstrap', 'src/cli/bootstrap/**'],
  ['engines/sim', 'src/engines/sim/**'],
  ['engines/kind', 'src/engines/kind/**'],
  ...[
    'base',
    'model',
    'lab',
    'course',
    'contract',
    'engines',
    'services',
    'renderer',
    'preload',
    ...NODE_HOSTS,
  ].map((area) => [area, `src/${area}/**`]),
  ['test', 'test/**'],
  ['project', '**'], // package.json, content/, labs/, resources/
];

const PURE_FOLDERS = ['base', 'model', 'sim', 'lab', 'course', 'contract'];
const PURE_FILES = PURE_FOLDERS.map((folder) => `src/${folder}/**/*.ts`);
// A test beside its source keeps the walls of that source, but may use any package, Node, and shared test support;
// tests of the simulator may look at all its floors. What crosses folders lives in test/.
const TEST_FILES = ['**/*.test.ts', '**/*.contract.ts'];

const toAreas = (areas) => ({ to: { file: { categories: { anyOf: areas } } } });
const toPackages = (packages) => ({ to: { module: { origin: 'external', source: packages } } });
const toNode = { to: { module: { origin: 'core' } } };

const judged = (name, files, allow) => ({
  name: `underlay/walls of ${name}`,
  files,
  rules: {
    'boundaries/dependencies': [
      'error',
      {
        default: 'disallow',
        checkAllOrigins: true,
        message: `${name} may not import this: see the ring table at the top of eslint.config.js.`,
        policies: [{ allow }],
      },
    ],
  },
});

const wallsOf = ([area, { may, packages, node }]) => {
  const inside = [
    toAreas([area, ...may]),
    ...(packages.length > 0 ? [toPackages(packages)] : []),
    ...(node ? [toNode] : []),
  ];
  const [, place] = PLACES.find(([name]) => name === area);
  const tests = TEST_FILES.map((suffix) => place.replace('**', suffix));
  const sight = area.startsWith('sim/') ? [...may, ...SIM_FLOORS, 'sim/top', 'sim/index'] : may;
  const outside = [toAreas([area, ...sight, 'test', 'project']), toPackages(['*', '@*/*']), toNode];
  return [
    judged(area, [place], inside),
    ...(place.endsWith('**') ? [judged(`A test of ${area}`, tests, outside)] : []),
  ];
};

const walls = [
  {
    name: 'underlay/walls',
    plugins: { boundaries },
    settings: {
      'boundaries/files': PLACES.map(([category, pattern]) => ({ category, pattern, stopMatching: true })),
      'boundaries/root-path': import.meta.dirname,
      'boundaries/additional-dependency-nodes': [
        { selector: 'TSImportType > Literal', kind: 'type', name: 'import-type' },
      ],
      'import/resolver': { [resolve(import.meta.dirname, 'test/boundaries/resolver.cjs')]: {} },
    },
  },
  // The last configuration that fits a file wins, so the narrow places come after the wide ones.
  ...Object.entries(RINGS)
    .sort(([a], [b]) => placeOrder(b) - placeOrder(a))
    .flatMap(wallsOf),
];

/* What the pure ring may not do even with the names that the language itself gives it. */
const IMPURE = [
  [
    'MemberExpression[object.name="Date"][property.name="now"]',
    'Time enters as data: take it from the agenda.',
  ],
  [':matches(NewExpression, CallExpression)[callee.name="Date"][arguments.length=0]', 'Time enters as data.'],
  ['MemberExpression[object.name="Math"][property.name="random"]', 'Use the seeded stream of the state.'],
  ['Identifier[name=/^(globalThis|setTimeout|setInterval|setImmediate)$/]', 'The host owns the clock.'],
  [
    ':matches(VariableDeclaration, TSDeclareFunction, ClassDeclaration)[declare=true]',
    'Ambient names enter by base/platform.d.ts.',
  ],
  ['TSModuleDeclaration[kind="global"]', 'Ambient names enter by base/platform.d.ts.'],
].map(([selector, message]) => ({ selector, message: `Not in the pure ring. ${message}` }));

const NO_DEFAULT_EXPORT = [
  {
    selector: 'ExportDefaultDeclaration',
    message: 'Export by name: a thing has one name everywhere.',
  },
  {
    selector: 'ExportSpecifier[exported.name="default"]',
    message: 'Export by name: a thing has one name everywhere.',
  },
];

const STATIC_STYLE = {
  selector: 'SvelteAttribute[key.name="style"][value.length=1] > SvelteLiteral',
  message: 'A static style attribute breaks the content security policy: use a class.',
};

/** Every switched-off rule says why, after two dashes. */
const disableNeedsReason = {
  meta: { type: 'problem', schema: [], messages: { reason: 'Say why: `eslint-disable… -- reason`.' } },
  create(context) {
    const judge = (text, loc) => {
      if (/^\s*eslint-disable/.test(text) && !/\s--\s+\S/.test(text))
        context.report({ loc, messageId: 'reason' });
    };
    return {
      Program() {
        for (const comment of context.sourceCode.getAllComments()) judge(comment.value, comment.loc);
      },
      SvelteHTMLComment(node) {
        judge(node.value, node.loc);
      },
    };
  },
};

/*
 * What of Electron reaches beyond this process: each such door is opened in one file, once. A second window, or a second
 * message that pages may send, starts with a change of this table.
 */
const ELECTRON_DOORS = {
  'A window': {
    file: 'src/main/window.ts',
    made: /^(BrowserWindow|BaseWindow|BrowserView|WebContentsView)$/,
  },
  'A message that pages may send': { file: 'src/main/handshake.ts', called: /(^|\.)ipcMain\.\w+$/ },
  'A page to load': { file: 'src/main/desktop.ts', called: /\.load(URL|File)$/ },
  'The way out to the system': { file: 'src/main/external-links.ts', called: /\.openExternal$/ },
};

const electronDoors = {
  meta: { type: 'problem', schema: [], messages: { door: '{{what}} has one place: {{file}}, once.' } },
  create(context) {
    const opened = new Set();
    const knock = (node, kind) => {
      const name = context.sourceCode.getText(node.callee);
      for (const [what, door] of Object.entries(ELECTRON_DOORS)) {
        if (!door[kind]?.test(kind === 'made' ? name.split('.').at(-1) : name)) continue;
        const { file } = door;
        if (opened.has(what) || !context.filename.endsWith(file)) {
          context.report({ node, messageId: 'door', data: { what, file } });
        }
        opened.add(what);
      }
    };
    return {
      NewExpression: (node) => knock(node, 'made'),
      CallExpression: (node) => knock(node, 'called'),
    };
  },
};

const CODE = ['src/**/*.{ts,svelte}', 'test/**/*.ts'];
const TYPED = [...CODE, '*.config.ts'];

export default ts.config(
  { ignores: ['node_modules', 'out', 'dist', 'coverage', 'test-results', 'playwright-report'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  js.configs.recommended,
  {
    files: ['**/*.{js,mjs,cjs}'],
    languageOptions: { globals: globals.node },
  },
  {
    files: TYPED,
    extends: [ts.configs.strict],
    languageOptions: {
      globals: { ...globals.node },
      parserOptions: {
        projectService: true,
        tsconfigRootDir: import.meta.dirname,
        extraFileExtensions: ['.svelte'],
      },
    },
    rules: {
      'no-undef': 'off', // TypeScript knows better
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_', caughtErrorsIgnorePattern: '^_' },
      ],
      'no-empty': ['error', { allowEmptyCatch: false }],
      eqeqeq: 'error',
    },
  },
  ...svelte.configs['flat/recommended'],
  {
    files: ['**/*.svelte', '**/*.svelte.ts'],
    languageOptions: {
      globals: globals.browser,
      parserOptions: { parser: ts.parser, svelteConfig },
    },
    rules: {
      'svelte/no-at-html-tags': 'error',
      'svelte/require-store-reactive-access': 'off', // there are no stores
      'no-restricted-syntax': ['error', STATIC_STYLE],
    },
  },
  {
    name: 'underlay/sizes',
    files: CODE,
    plugins: { underlay: { rules: { 'disable-needs-reason': disableNeedsReason } } },
    rules: {
      'max-lines': ['error', 400],
      'max-lines-per-function': ['error', { max: 60, skipBlankLines: true, skipComments: true }],
      // A switch over a closed union is one decision, however many members it has.
      complexity: ['error', { max: 12, variant: 'modified' }],
      'max-params': ['error', 4],
      'underlay/disable-needs-reason': 'error',
      'no-restricted-imports': [
        'error',
        { paths: [{ name: 'svelte/store', message: 'State lives in rune classes: state/*.svelte.ts.' }] },
      ],
    },
  },
  {
    files: ['src/**/*.ts', 'test/**/*.ts'],
    ignores: ['**/*.config.ts'],
    rules: { 'no-restricted-syntax': ['error', ...NO_DEFAULT_EXPORT] },
  },
  {
    name: 'underlay/pure',
    files: PURE_FILES,
    ignores: [...TEST_FILES, 'src/base/platform.d.ts'],
    rules: { 'no-restricted-syntax': ['error', ...NO_DEFAULT_EXPORT, ...IMPURE] },
  },
  {
    files: [...TEST_FILES, 'test/**/*.ts'],
    rules: { 'max-lines-per-function': 'off', complexity: 'off', 'max-params': 'off' },
  },
  {
    name: 'underlay/electron-doors',
    files: ['src/**/*.ts'],
    ignores: TEST_FILES,
    plugins: { electron: { rules: { doors: electronDoors } } },
    rules: { 'electron/doors': 'error' },
  },
  // A fixture that needs no other fixture is written `({}, use) =>`.
  { files: ['test/e2e/**'], rules: { 'no-empty-pattern': 'off' } },
  ...walls,
);
