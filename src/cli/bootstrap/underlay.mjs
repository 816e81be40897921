#!/usr/bin/env node
// The command `underlay`: hands over to the built command line.
import process from 'node:process';
import { becomeCli } from './cli.mjs';
import { main } from './say.mjs';

await main(() => becomeCli(process.argv.slice(2)));
