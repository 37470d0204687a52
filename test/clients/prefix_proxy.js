// A proxy that puts a prefix in front of a server, as an operator's may: HTTP and WebSocket. What is asked outside of the
// prefix is 404 and remembered.
import http from 'node:http';
import net from 'node:net';

export class PrefixProxy {
  strays = [];

  static async start(server, prefix) {
    const proxy = new PrefixProxy();
    const inside = (url) => {
      if (url.startsWith(`${prefix}/`)) return url.slice(prefix.length);
      proxy.strays.push(url);
      return undefined;
    };
    const to = {host: '127.0.0.1', port: server.port};
    proxy.server = http.createServer((request, response) => {
      const path = inside(request.url);
      if (path === undefined) return response.writeHead(404).end();
      const {method, headers} = request;
      request.pipe(http.request({...to, path, method, headers}, (answer) => {
        response.writeHead(answer.statusCode, answer.headers);
        answer.pipe(response);
      }));
    });
    proxy.server.on('upgrade', (request, socket) => {
      const path = inside(request.url);
      if (path === undefined) return socket.end();
      const behind = net.connect(to, () => {
        const headers = Object.entries(request.headers).map(([name, value]) => `${name}: ${value}\r\n`).join('');
        behind.write(`GET ${path} HTTP/1.1\r\n${headers}\r\n`);
        behind.pipe(socket).pipe(behind);
      });
      for (const one of [behind, socket]) one.on('error', () => { behind.destroy(); socket.destroy(); });
    });
    await new Promise((resolve) => proxy.server.listen(0, '127.0.0.1', resolve));
    proxy.port = proxy.server.address().port;
    return proxy;
  }

  stop() {
    this.server.closeAllConnections();
    return new Promise((resolve) => this.server.close(resolve));
  }
}
