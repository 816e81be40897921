// How eslint-plugin-boundaries finds the file behind an import. In this project a relative import names its
// file in full (`./ip.ts`), so the path is the answer; whatever else is written is a package or a Node builtin.
// No file is looked for: a planted import is judged even when its target does not exist, and lint stays quick.
const { dirname, resolve } = require('node:path');

exports.interfaceVersion = 2;

exports.resolve = (source, importer) => {
  if (!/^\.\.?(\/|$)/.test(source)) return { found: false };
  return { found: true, path: resolve(dirname(importer), source.replace(/[?#].*$/, '')) };
};
