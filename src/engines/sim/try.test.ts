import { test } from 'vitest';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { labShell } from '../../../test/shell/lab.ts';
import { createTextTools } from './text-tools.ts';
const T = 'NAME READY STATUS\nweb-1 1/1 Running\nweb-2 0/1 Pending\nweb-2 0/1 Pending\n';
const C = ['wc t','wc -l t','cat t | wc','cat t | wc -l','wc -c < t','wc t t','uniq t','uniq -d t','sort -k2 t','sort -u t','sort -t/ -k1,1 -r t','sort -n <<< "10\n9"','cut -c1-3 t','cut -d" " -f2- t','tr -d e < t','tr -s " " < t',
'nl t','tac t','rev t','paste -sd, t','paste t t','fold -w 5 t','grep -v web t','grep -i WEB t','grep -o "web-[0-9]" t','grep -A1 READY t','grep -E "1/1|0/1" t','grep -w web t','grep -x "web-1 1/1 Running" t','grep -l web t','grep -L web t','grep -c web t t','grep web t t','grep','grep a nope; echo $?','grep -z; echo $?','grep --bad x; echo $?','grep "[" t; echo $?','grep -E "^web-[0-9]+ " t','grep -P "\\d/\\d" t','grep -e web -e NAME t','grep -m1 web t','grep -h web t t','grep -r web .','grep -rn web .','grep -B1 Pending t',
'sed -n 1p t','sed "s/web/x/g;s/1/2/" t','sed -E "s/(web)-([0-9])/\\2-\\1/" t','sed "/web-1/d" t','sed "1i top" t','sed "\\$a end" t','sed -n "/web-1/,/web-2/p" t','sed y/abc/xyz/ t','sed bad t; echo $?','sed -n "\\$=" t','sed s/a/b; echo $?','sed p nope; echo $?',
'awk "{print \\$2}" t','awk "END{print NR}" t','awk -F/ "{print \\$1, NF}" t','awk "{s+=NR} END{printf \\"%d %.2f\\\\n\\", s, s/3}" t','awk "/web/ {c[\\$1]++} END{for (k in c) print k, c[k]}" t | sort','awk -v x=5 "BEGIN{print x+1, length(\\"abc\\"), substr(\\"hello\\",2,3), toupper(\\"a\\")}"','awk "{\\$1=\\"\\"; print}" t','awk "bad syntax {" t; echo $?','awk "{print \\$1 > \\"o\\"}" t; cat o',
'column -t t','diff t u; echo $?','diff -u t u | tail -n +3','diff -q t u','comm t u','join t u','md5sum t','sha256sum t','base64 t','od -c t | head -3','strings t','find .','find . -type f -name "t*"','find . -maxdepth 1','find nope; echo $?','tree','du -sh t','stat t | head -2','file t','split -l 2 t x; ls','expand t','sort nope; echo $?','wc nope; echo $?','cut t; echo $?','cut -f; echo $?','tr; echo $?','tr a; echo $?','uniq nope; echo $?','sort --bad; echo $?','tac nope; echo $?','sort -h <<< "2K\n1M"', 'sort -V <<< "v1.10\nv1.9"','tail -n 1 t | xargs -n1','seq 3 | paste -sd+ | tr + -','echo "a,b" | awk -F, "{print \\$2}"','echo abc | sed "s/b/[&]/"'];
test('x', async () => {
  let out=''; const S = { write: () => Promise.resolve() }; const textTools = createTextTools();
  for (const c of C) {
    const d = mkdtempSync('/tmp/cmp-'); writeFileSync(d+'/t', T); writeFileSync(d+'/u', T.replace('1/1','2/2')+'more\n');
    const r = spawnSync('bash', ['-c', c], {cwd: d, env:{PATH:'/usr/bin:/bin', LC_ALL:'C', HOME:'/home/learner'}, encoding:'utf8', input:''});
    const shell = labShell({ textTools, tree: { '/work/t': T, '/work/u': T.replace('1/1','2/2')+'more\n' } });
    const { signal } = new AbortController();
    await shell.run('cd /work', { stdout: S, stderr: S, signal });
    const g = await shell.exec(['bash','-c',c], {signal});
    const a = JSON.stringify([r.stdout, r.stderr, r.status]), b = JSON.stringify([g.stdout, g.stderr, g.exitCode]);
    if (a !== b) out += `## ${c}\n- ${a}\n+ ${b}\n`;
  }
  console.log(out);
}, 120000);
