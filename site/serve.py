"""Show the site on this computer: python site/serve.py [--port 8000] [--folder site/dist] [--under /lessons]."""

import argparse
import functools
import http.server
import sys
from pathlib import Path

DIST = Path(__file__).resolve().parent / "dist"
TYPES = {".mjs": "text/javascript", ".js": "text/javascript", ".wasm": "application/wasm", ".whl": "application/zip"}


class Handler(http.server.SimpleHTTPRequestHandler):
    """Serves files that a browser asks for again each time, so that a new build is seen; says nothing of it."""

    extensions_map = http.server.SimpleHTTPRequestHandler.extensions_map | TYPES
    protocol_version = "HTTP/1.1"
    under = ""  # the path that the site is under, as on a forge's pages

    def translate_path(self, path: str) -> str:
        """The file for an address."""
        if not f"{path}/".startswith(f"{self.under}/"):
            return str(Path(self.directory) / "there is no such file")
        return super().translate_path(path[len(self.under) :])

    def end_headers(self) -> None:
        """Have the browser ask whether what it has is still the newest."""
        self.send_header("Cache-Control", "no-cache")
        super().end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing."""


def main(arguments: list[str]) -> int:
    """Serve until the user stops it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--folder", type=Path, default=DIST)
    parser.add_argument("--under", default="", help="serve the site under this path, such as /lessons")
    chosen = parser.parse_args(arguments)
    if not (chosen.folder / "index.html").is_file():
        print(f"There is no site in {chosen.folder}: make it with python site/build.py.", file=sys.stderr)
        return 2
    Handler.under = f"/{chosen.under.strip('/')}".rstrip("/")
    handler = functools.partial(Handler, directory=str(chosen.folder))
    try:
        server = http.server.ThreadingHTTPServer(("127.0.0.1", chosen.port), handler)
    except OSError as error:
        print(f"Port {chosen.port} can't be used ({error.strerror}): give another with --port.", file=sys.stderr)
        return 2
    print(f"http://127.0.0.1:{server.server_address[1]}{Handler.under}/ (Ctrl-C ends it)", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        return 0
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
