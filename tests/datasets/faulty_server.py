"""A local server with the faults of real ones."""

import contextlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class FileServer(ThreadingHTTPServer):
    """Serves bytes from memory, with the faults of real servers on demand.

    Attributes:
        files: path -> bytes.
        requests: (method, path, Range header) of every request.
        cut_after: drop the connection after so many bytes of a body, once per entry of this list.
        ranges: False ignores the Range header.
        etag: the ETag of every file, or None.
        routes: (method, path) -> a function from handler and body to status, headers and content.
        streams: path -> a function that answers a handler as it likes.
    """

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _FileHandler)
        self.files, self.requests, self.cut_after = {}, [], []
        self.ranges, self.etag = True, '"1"'
        self.routes, self.streams = {}, {}

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"


class _FileHandler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.answer()

    def do_POST(self):
        self.answer()

    def answer(self):
        server = self.server
        wanted = self.headers.get("Range")
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        server.requests.append((self.command, self.path, wanted))
        if stream := server.streams.get(self.path):
            with contextlib.suppress(OSError):  # whoever asked has gone
                stream(self)
            return
        route = server.routes.get((self.command, self.path.split("?")[0]))
        if route is not None:
            status, headers, content = route(self, body)
            self.reply(status, headers, content)
            return
        content = server.files.get(self.path)
        if content is None:
            self.send_error(404)
            return
        headers = {} if server.etag is None else {"ETag": server.etag}
        same = self.headers.get("If-Range", server.etag) == server.etag
        if wanted and server.ranges and same:
            start = int(wanted.removeprefix("bytes=").removesuffix("-"))
            if start >= len(content):
                self.reply(416, {"Content-Range": f"bytes */{len(content)}"}, b"")
                return
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
            self.reply(206, headers, content[start:])
        else:
            self.reply(200, headers, content)

    def reply(self, status, headers, content):
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.server.cut_after and len(content):
            self.wfile.write(content[: self.server.cut_after.pop(0)])
            self.wfile.flush()
            self.connection.close()
        else:
            self.wfile.write(content)

    def log_message(self, *_):
        pass
