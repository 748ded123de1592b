// A live feed that says what a test wants, with the wall's files beside it.
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { WebSocketServer } from 'ws';
import { snapshot } from './scenes.js';

const TYPES = {
  '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.wasm': 'application/wasm', '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
};

export class Feed {
  static async start(pages) {
    const feed = new Feed(pages);
    await new Promise((resolve) => feed.server.listen(0, '127.0.0.1', resolve));
    feed.url = `http://127.0.0.1:${feed.server.address().port}/wall/`;
    return feed;
  }

  constructor(pages) {
    this.pages = pages;
    this.message = null;
    this.server = createServer((request, response) => this.answer(request, response));
    this.sockets = new WebSocketServer({ server: this.server, path: '/v1/live' });
    this.sockets.on('connection', (socket) => {
      // A screen subscribes, and is told everything.
      socket.on('message', () => socket.send(JSON.stringify(this.message)));
    });
  }

  /** What whoever comes is told first; who is there already is told now. */
  show(panels, more) {
    this.message = snapshot(panels, more);
    this.tell(this.message);
  }

  tell(message) {
    const text = JSON.stringify(message);
    this.sockets.clients.forEach((socket) => socket.send(text));
  }

  /** Bytes that were not yet taken. */
  behind() {
    return Math.max(0, ...[...this.sockets.clients].map((socket) => socket.bufferedAmount));
  }

  stop() {
    this.sockets.clients.forEach((socket) => socket.terminate());
    this.server.close();
  }

  async answer(request, response) {
    const { pathname } = new URL(request.url, 'http://localhost');
    if (pathname === '/v1/live/snapshot') {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(this.message));
      return;
    }
    const path = normalize(pathname.endsWith('/') ? `${pathname}index.html` : pathname);
    try {
      const content = await readFile(join(this.pages, path));
      response.setHeader('content-type', TYPES[extname(path)] ?? 'application/octet-stream');
      response.end(content);
    } catch {
      response.statusCode = 404;
      response.end();
    }
  }
}
