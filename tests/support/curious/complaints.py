"""What goes wrong in a script and is told on stderr: exceptions, syntax, warnings, logging."""

CASES = {
    "KeyboardInterrupt": "def f():\n    raise KeyboardInterrupt('by hand')\nf()",
    "exception": """
        def outer(n):
            return 1 / n
        outer(0)
    """,
    "no exception text": "raise ValueError",
    "exception of its own": """
        class Mine(Exception):
            def __str__(self):
                return u"text"
        raise Mine(1)
    """,
    "context": """
        try:
            {}["a"]
        except KeyError:
            [][1]
    """,
    "cause": """
        import sys
        if sys.version_info[0] == 2:
            raise SystemExit
        exec('''
        try:
            {}["a"]
        except KeyError as error:
            raise ValueError("b") from error
        '''.replace("\\n        ", "\\n"))
    """,
    "group": """
        import sys
        if sys.version_info >= (3, 11):
            raise ExceptionGroup("some", [ValueError(1), KeyError(2)])
    """,
    "note": """
        error = ValueError("a")
        if hasattr(error, "add_note"):
            error.add_note("b")
        raise error
    """,
    "name error": "import json\njson.dupms",
    "import error": "import no_such_module",
    "in a module": "import json\njson.loads('{')",
    "syntax error": "x = 1\nprint('a'\ny = 2\n",
    "indentation": "if True:\nprint(1)\n",
    "bad encoding": b"# \xff\nprint(1)\n",
    "latin-1": b"# coding: latin-1\nprint(u'\xe4')\n",
    "NUL": b"print(1)\n\0",
    "BOM": b"\xef\xbb\xbfprint(1)\n",
    "CR LF": b"print(1)\r\nprint(2)\r\n",
    "syntax warning": "import sys\nprint(1 is 1)\n",
    "warning": "import warnings\ndef f():\n    warnings.warn('mind', UserWarning)\nf()\nf()",
    "excepthook": """
        import sys
        def hook(kind, value, trace):
            print(kind, value, trace.tb_frame.f_code.co_name, trace.tb_lineno)
        sys.excepthook = hook
        1 / 0
    """,
    "failing excepthook": """
        import sys
        def hook(kind, value, trace):
            raise KeyError("in hook")
        sys.excepthook = hook
        1 / 0
    """,
    "exit in excepthook": """
        import sys
        sys.excepthook = lambda *_: sys.exit(9)
        1 / 0
    """,
    "traceback module": """
        import sys, traceback
        try:
            1 / 0
        except ZeroDivisionError:
            traceback.print_exc()
            print(traceback.format_exc())
    """,
    "logging": """
        import logging
        logging.basicConfig(format="%(funcName)s %(lineno)d %(pathname)s %(message)s")
        def f():
            logging.warning("mind")
        f()
        logging.warning("too")
        try:
            1 / 0
        except Exception:
            logging.exception("so")
    """,
    "locals of an exception": """
        import sys
        def f(secret):
            raise ValueError(secret)
        try:
            f(3)
        except ValueError:
            trace = sys.exc_info()[2]
        print(trace.tb_lineno, trace.tb_frame.f_globals is globals(), trace.tb_frame.f_code.co_name)
        print(sorted(trace.tb_next.tb_frame.f_locals), trace.tb_next.tb_frame.f_code.co_filename)
    """,
    "warning of the caller": """
        import warnings
        def f():
            warnings.warn("old", stacklevel=2)
        f()
    """,
    "deprecation in main": """
        import warnings
        warnings.warn("old", DeprecationWarning)
        warnings.warn("soon", PendingDeprecationWarning)
    """,
    "resource warning": "import sys\nopen(sys.argv[0])\nprint(1)",
    "recursion": """
        import sys
        def f(n):
            return f(n + 1)
        try:
            f(0)
        except RuntimeError as error:
            print(type(error).__name__)
    """,
}
