"""Runs command lines of the `aws` command, one after the other in this process: most of a command is its start.

Reads the words of each as a JSON list from a line of stdin, and answers with a line of JSON: code, stdout, stderr.
"""

import io
import json
import sys

from awscli.clidriver import create_clidriver

answers = sys.stdout
for line in sys.stdin:
    sys.stdout, sys.stderr = (io.TextIOWrapper(io.BytesIO(), "utf-8") for _ in range(2))
    try:
        code = create_clidriver().main(json.loads(line))
    except SystemExit as end:
        code = end.code
    texts = {}
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        stream.flush()
        texts[name] = stream.buffer.getvalue().decode()
    answers.write(json.dumps({"code": code, **texts}) + "\n")
    answers.flush()
