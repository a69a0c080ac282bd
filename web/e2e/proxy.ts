// What stands between the browser and the daemon in some tests: a wire that can be cut, and a reverse proxy under a sub-path.
import { createServer as createHttp, request, type Server as HttpServer } from "node:http";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

const listening = async (server: Server | HttpServer): Promise<number> => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
};

/** Passes bytes on until it is cut; while it is, connections end at once. */
export class Wire {
  private readonly sockets = new Set<Socket>();
  private broken = false;
  port = 0;

  private constructor(private readonly server: Server) {}

  static async to(port: number): Promise<Wire> {
    const server = createServer();
    const wire = new Wire(server);
    server.on("connection", (near) => {
      if (wire.broken) return void near.destroy();
      const far = connect(port, "127.0.0.1");
      for (const [one, other] of [[near, far], [far, near]] as const) {
        wire.sockets.add(one);
        one.pipe(other);
        one.on("error", () => other.destroy());
        one.on("close", () => {
          wire.sockets.delete(one);
          other.destroy();
        });
      }
    });
    wire.port = await listening(server);
    return wire;
  }

  cut(): void {
    this.broken = true;
    for (const socket of this.sockets) socket.destroy();
  }

  mend(): void {
    this.broken = false;
  }

  close(): void {
    this.cut();
    this.server.close();
  }
}

/** Serves the daemon under `/PREFIX/`, WebSockets, too; nothing else. */
export const underPath = async (port: number, prefix: string): Promise<{ url: string; close: () => void }> => {
  const inner = (url: string | undefined): string | null =>
    url?.startsWith(prefix) ? url.slice(prefix.length - 1) : null;
  const server = createHttp((asked, answer) => {
    const path = inner(asked.url);
    if (path === null) return void answer.writeHead(404).end();
    const headers = { ...asked.headers, host: `127.0.0.1:${port}` };
    const far = request({ port, host: "127.0.0.1", path, method: asked.method, headers }, (came) => {
      answer.writeHead(came.statusCode!, came.headers);
      came.pipe(answer);
    });
    far.on("error", () => answer.destroy());
    answer.on("close", () => far.destroy());
    asked.pipe(far);
  });
  server.on("upgrade", (asked, near: Socket) => {
    const path = inner(asked.url);
    if (path === null) return void near.destroy();
    const far = connect(port, "127.0.0.1");
    // A proxy names itself as the host, and leaves the page's origin as the browser sent it.
    const own = (server.address() as AddressInfo).port;
    const headers = Object.entries({ ...asked.headers, host: `127.0.0.1:${own}` });
    far.write(`GET ${path} HTTP/1.1\r\n${headers.map(([name, value]) => `${name}: ${String(value)}\r\n`).join("")}\r\n`);
    near.pipe(far).pipe(near);
    for (const [one, other] of [[near, far], [far, near]] as const) {
      one.on("error", () => other.destroy());
      one.on("close", () => other.destroy());
    }
  });
  const own = await listening(server);
  return {
    url: `http://127.0.0.1:${own}${prefix}`,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
};
