/** Command lines over files t, u and lab/pod.yaml, whose output the real tools have told us. */
export const TOOL_FILES: Readonly<Record<string, string>> = {
  t: 'NAME READY STATUS\nweb-1 1/1 Running\nweb-2 0/1 Pending\nweb-2 0/1 Pending\n',
  u: 'NAME READY STATUS\nweb-1 2/2 Running\nweb-2 0/1 Pending\nweb-2 0/1 Pending\nmore\n',
  'lab/pod.yaml': 'kind: Pod\nmetadata:\n  name: web\n',
};

export const TOOL_CASES: readonly string[] = [
  'wc t; wc -l t; cat t | wc; cat t | wc -l; wc -c < t; wc t u; wc -lw t; wc nope t; echo $?; wc lab; wc -L t; wc -m t; wc -z',
  'uniq t; uniq -c t; uniq -d t; uniq -u t; uniq -f1 t; uniq -ci t; uniq nope; echo $?; sort t | uniq -c | sort -rn',
  'sort -k2 t; sort -u t; sort -t/ -k1,1 -r t; sort -n <<< "10\n9"; sort -h <<< "2K\n1M"; sort -V <<< "v1.10\nv1.9"; sort nope; echo $?; sort --bad; echo $?',
  'cut -c1-3 t; cut -d" " -f2- t; cut -d" " -f1,3 t; cut t; echo $?; tr -d e < t; tr -s " " < t; tr a-z A-Z < t; tr; echo $?',
  'nl t; tac t; rev t; paste -sd, t; paste t u; seq 3 | paste -sd+; fold -w 5 t; expand t; tac nope; echo $?; column -t t',
  'grep -v web t; grep -i WEB t; grep -o "web-[0-9]" t; grep -A1 READY t; grep -B1 Pending t; grep -C1 Running t; grep -A0 web t; seq 9 | grep -A1 "[27]"; seq 20 | grep -n -B1 5',
  'grep -E "1/1|0/1" t; grep -w web t; grep -x "web-1 1/1 Running" t; grep -l web t u; grep -L web t u lab/pod.yaml; grep -c web t u; grep web t u; grep -h web t u; grep -H web t; grep -m1 web t; grep -n Pending < t',
  'grep -e web -e NAME t; grep "web-1\\|NAME" t; grep "^web-[12] [01]" t; grep "g$" t; grep "." t | head -1; grep -c "" t; grep -P "\\d/\\d" t; grep -F "1/1" t; grep "1*/1" t; grep "we\\+b" t; grep -E "(web)-(1|2)" t; grep -E "^w.{3,4} " t',
  'grep -r web .; grep -rn web lab; grep -rl Pod . | sort; grep -r name; grep web lab; echo $?; grep web nope; echo $?; grep -s web nope; echo $?; grep -q web t; echo $?; grep -q zzz t; echo $?; grep zzz t; echo $?',
  'grep; echo $?; grep --bad x; echo $?; grep -k x t; echo $?; grep -A; echo $?; grep -A x y t; echo $?; grep "[[:upper:]]" t; grep "[^a-z]1" t; grep -E "[[:digit:]]/[[:digit:]]" t; echo "a.b" | grep -F .; echo "a+b" | grep "a+b"; echo "a]b" | grep "[]]"',
  'cat t | grep --color=auto web-1; cat t | grep --color=always -n web; printf "no newline" | grep new; printf "a\\n\\nb\\n" | grep -v "^$"; printf "a\\nb\\n" | grep -E -v "a|c"; echo foo | grep -o o; grep -ow 1 t; grep -2 NAME t',
  'printf "x\\ny\\n" > p; grep -f p <<< "xa\nb\ny"; echo "word words" | grep -ow word; echo "foo(bar)" | grep "(bar)"; echo "foo{2}" | grep "o{2}"; echo "a*b" | grep "^a\\*"; echo ab | grep "\\(a\\)b"; echo "1.2.3.4 via" | grep -oE "([0-9]+\\.){3}[0-9]+"; echo "x y" | grep "\\bx\\b"; echo "a\\b" | grep "a\\\\\\\\b"',
  'sed -n 1p t; sed "s/web/x/g;s/1/2/" t; sed -E "s/(web)-([0-9])/\\2-\\1/" t; sed "/web-1/d" t; sed "1i top" t; sed "\\$a end" t; sed -n "/web-1/,/web-2/p" t; sed y/abc/xyz/ t; sed -n "\\$=" t; sed p nope; echo $?; sed -i s/Pod/Node/ lab/pod.yaml; cat lab/pod.yaml',
  'awk "{print \\$2}" t; awk "END{print NR}" t; awk -F/ "{print \\$1, NF}" t; awk "NR>1 {print \\$1}" t; awk "/web/ {c[\\$1]++} END{for (k in c) print k, c[k]}" t | sort; awk -v x=5 "BEGIN{print x+1, length(\\"abc\\"), substr(\\"hello\\",2,3), toupper(\\"a\\")}"; awk "{\\$1=\\"\\"; print}" t; awk "{print \\$1 > \\"o\\"}" t; cat o; awk "{printf \\"%-8s|%5d\\\\n\\", \\$1, NR}" t',
  'diff t t && echo same; diff t u; echo $?; diff u t; diff -u t u | tail -n +3; diff -q t u; diff -s t t; diff t nope; echo $?; diff t; echo $?; diff <(echo a) <(echo b); diff <(seq 9) <(seq 2 10); diff -u <(seq 20) <(seq 20 | sed s/^5$/x/\\;s/^15$/y/) | tail -n +3; printf a > a; printf "a\\n" > b; diff a b; diff -U1 <(seq 9) <(seq 8) | tail -n +3; diff -w <(echo "a b") <(echo "ab") && echo blind; diff t lab; echo $?',
  'find . -type f -name "*.yaml"; find . -maxdepth 1 -name t; find nope; echo $?; find lab -name "*.yaml" -exec cat {} \\;; base64 t; base64 t | base64 -d; md5sum t; sha256sum < t; echo hello | base64 -w0; echo; comm -12 t t; join <(echo 1 a) <(echo 1 b)',
  'while read a b; do grep $a t | wc -l; done < u; grep -q web t && echo found; ls | grep lab; yes | grep y | head -2; seq 1000 | grep 7 | wc -l; x=$(grep -c web t); echo $x; cat t | sed 1d | awk "{print \\$3}" | sort | uniq -c',
];
