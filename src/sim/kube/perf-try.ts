import { createServer } from 'node:http';
import { TestCluster, deployment, service } from './cluster-fixture.ts';
import { watchFrom } from './watch.ts';
const c = new TestCluster(); c.wait(5000);
setInterval(() => c.wait(200), 200);
createServer((req, res) => {
  let body = ''; req.on('data', (d) => (body += d)); req.on('end', () => {
    const url = new URL(req.url ?? '/', 'http://x');
    const query = Object.fromEntries(url.searchParams);
    const request = { method: req.method as 'GET', path: decodeURIComponent(url.pathname), query, accept: req.headers.accept ?? '', contentType: (req.headers['content-type'] ?? '').split(';')[0] ?? '', ...(body ? { body: JSON.parse(body.startsWith('{') || body.startsWith('[') ? body : '{}') } : {}) };
    console.log(req.method, req.url);
    if (query['watch'] === 'true' || query['watch'] === '1') {
      res.writeHead(200, { 'content-type': 'application/json' });
      let rv: number | undefined = query['resourceVersion'] ? Number(query['resourceVersion']) : undefined;
      const t = setInterval(() => { const b = watchFrom(c.state, c.registry, request, rv); if (!b.ok) return; rv = b.value.revision; for (const e of b.value.events) res.write(JSON.stringify(e) + '\n'); }, 100);
      res.on('close', () => clearInterval(t)); return;
    }
    if (url.pathname === '/openapi/v3') { res.writeHead(200, {'content-type':'application/json'}); res.end(JSON.stringify({ paths: {} })); return; }
    const r = c.request(request);
    const h: Record<string,string> = { 'content-type': (request.accept.includes('APIGroupDiscoveryList') && /^\/apis?$/.test(url.pathname)) ? 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList' : 'application/json' };
    if (r.warnings) h['warning'] = r.warnings.map(w => `299 - ${JSON.stringify(w)}`).join(', ');
    res.writeHead(r.code, h); res.end('text' in r.body ? String(r.body.text) : JSON.stringify(r.body));
  });
}).listen(18999, '127.0.0.1');
