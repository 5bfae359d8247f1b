"""What a script finds where it wakes up: names, environment, descriptors, limits, modules."""

CASES = {
    "nothing": "",
    "names": """
        import sys
        print(sorted(globals()), __name__, __file__, __doc__, __package__)
        print(sys.argv, sys.path, sys.modules["__main__"].__file__, sys.flags)
        print(getattr(sys, "orig_argv", None), sys.executable, sys.prefix, sys.version)
        print(type(__builtins__), globals().get("__spec__"), globals().get("__cached__"))
        import __main__
        print(vars(__main__) is globals(), repr(__main__), globals().get("__loader__"))
    """,
    "docstring": '"""Words."""\nprint(__doc__)\n',
    "future": "from __future__ import division\nprint(1 / 2)",
    "no future of ours": "print(1 / 2, type('a'), type(b'a'))",
    "environment": """
        import os, sys
        print(sorted((n, v) for n, v in os.environ.items() if "PYTEST" not in n))
        sys.stdout.flush()
        os.system("echo $AOBA_RUN")
    """,
    "directory and group": """
        import os
        print(os.getcwd(), os.getpid() == os.getpgrp() == os.getsid(0), os.umask(0))
    """,
    "descriptors": """
        import os
        for number in range(256):
            try:
                kind = os.fstat(number).st_mode & 0o170000
            except OSError:
                continue
            print(number, kind)
    """,
    "inherited descriptors": """
        import os
        os.execv("/bin/sh", ["sh", "-c", "ls /proc/self/fd | wc -l"])
    """,
    "signals": """
        import signal
        for number in range(1, signal.NSIG):
            if number not in (32, 33):
                print(number, signal.getsignal(number))
        print(signal.set_wakeup_fd(-1), signal.getitimer(signal.ITIMER_REAL))
        kept = ("SigBlk", "SigIgn", "SigCgt")
        print([s for s in open("/proc/self/status") if s.startswith(kept)])
    """,
    "streams": """
        import sys
        for s in (sys.stdin, sys.stdout, sys.stderr, sys.__stdin__, sys.__stdout__, sys.__stderr__):
            print(s.encoding, getattr(s, "errors", 0), s.isatty(), s.name, s.mode, s.fileno())
            print(getattr(s, "line_buffering", 0), getattr(s, "write_through", 0))
        print(repr(sys.stdin.read()))
        sys.stderr.write("seen\\n")
    """,
    "pickle": """
        import pickle
        class Thing(object):
            pass
        print(type(pickle.loads(pickle.dumps(Thing(), 2))))
    """,
    "inspect": """
        import inspect
        def f():
            return 1
        print(inspect.getsource(f), inspect.getfile(f), inspect.getmodule(f))
    """,
    "resources": "import resource\nprint([resource.getrlimit(n) for n in range(10)])",
    "limits": """
        import sys
        print(sys.getrecursionlimit(), sys.getdefaultencoding(), sys.getfilesystemencoding())
    """,
    "gc": "import gc\nprint(gc.isenabled(), gc.get_threshold(), gc.garbage)",
    "own module": "import beside\nprint(beside.__file__.rstrip('c'), beside.who)",
    "interpreter": """
        import gc, locale, os, site, sys
        print(sys.warnoptions, getattr(sys, "_xoptions", 0), sys.dont_write_bytecode, site.PREFIXES)
        print([type(f).__name__ for f in sys.meta_path], len(sys.path_hooks), sys.gettrace())
        print(locale.setlocale(locale.LC_ALL), locale.getpreferredencoding(False), sys.byteorder)
        print(sys.excepthook is sys.__excepthook__, sys.displayhook is sys.__displayhook__)
        print(sys.getswitchinterval() if hasattr(sys, "getswitchinterval") else 0)
        print(os.nice(0), os.times()[2:4], os.sep, sys.platform, os.getcwd() == sys.path[0])
    """,
    "descriptors of a child": """
        import subprocess
        print(subprocess.check_output("ls /proc/self/fd", shell=True, close_fds=False))
    """,
    "main thread": """
        import os, threading
        main = threading.current_thread()
        print(main.name, main.daemon, main.ident == threading.enumerate()[0].ident)
        if hasattr(threading, "main_thread"):
            print(threading.main_thread() is main, main.is_alive())
        if hasattr(threading, "get_native_id"):
            print(threading.get_native_id() == os.getpid())
    """,
    "faulthandler": """
        import sys
        if sys.version_info[0] > 2:
            import faulthandler
            print(faulthandler.is_enabled())
    """,
    "tempfile": """
        import os, tempfile
        with tempfile.NamedTemporaryFile() as file:
            print(os.path.dirname(file.name), len(os.path.basename(file.name)))
    """,
    "ids": "import os\nprint(os.getuid(), os.getegid(), os.getgroups(), os.umask(0))",
    "random": "import random, os, sys\nsys.stdout.write('%d' % (random.random() < 1))",
}
