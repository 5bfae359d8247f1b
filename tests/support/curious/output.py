"""What a script does with its standard streams, and with files that it never closes."""

CASES = {
    "bytes and unicode": """
        # coding: utf-8
        import os, sys
        print(u"Kessel \\u00b0C \\u6e29")
        sys.stderr.write(u"\\u00fcbrig\\n")
        sys.stdout.flush()
        os.write(1, b"\\xff\\xfe\\n")
    """,
    "unclosed files": """
        import os, sys
        held = open(sys.argv[0] + ".held", "w")
        held.write("a" * 100)
        if os.fork() == 0:
            os._exit(0)
        os.wait()
        import json
        json.kept = os.fdopen(os.dup(1), "w")
        json.kept.write("kept by another module\\n")
        mine = os.fdopen(os.dup(1), "w")
        mine.write("never closed\\n")
    """,
    "output without line feed": "import sys; sys.stdout.write('{\"a\"'); sys.stderr.write('b')",
    "closed stdout": "import sys; sys.stdout.close()",
    "closed descriptor": "import os; os.close(1)",
    "write to closed descriptor": "import os, sys; os.close(1); sys.stdout.write('a')",
    "replaced stdout": """
        import sys
        class Mine:
            def write(self, text):
                sys.__stdout__.write(text.upper())
            def flush(self):
                sys.__stdout__.write("flushed")
        sys.stdout = Mine()
        print("text")
    """,
    "no stdout": "import sys; sys.stdout = None; print('nothing')",
    "printf": """
        try:
            from ctypes import CDLL
        except ImportError:
            pass
        else:
            CDLL(None).printf(b"from C\\n")
    """,
    "input": "import sys\ninput() if sys.version_info[0] > 2 else raw_input()",
    "read": "import sys; print(repr(sys.stdin.readline()), sys.stdin.tell())",
}
