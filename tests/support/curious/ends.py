"""The ways a script ends, and what is still called on its way out."""

CASES = {
    "exit 3": "import sys; sys.exit(3)",
    "exit 300": "import sys; sys.exit(300)",
    "exit -1": "import sys; sys.exit(-1)",
    "exit huge": "import sys; sys.exit(2 ** 70 if sys.version_info < (3, 12) else 0)",
    "exit None": "import sys; sys.exit(None)",
    "exit True": "import sys; sys.exit(True)",
    "exit text": "import sys; sys.exit('sensor does not answer')",
    "exit unicode": "import sys; sys.exit(u'sensor \\u00fc')",
    "exit tuple": "import sys; sys.exit((1, 2))",
    "exit float": "import sys; sys.exit(2.0)",
    "exit without stderr": "import sys; sys.stderr = None; sys.exit('lost')",
    "raise SystemExit": "raise SystemExit",
    "quit": "quit(4)",
    "hard exit": "import os, sys; sys.stdout.write('half'); sys.stdout.flush(); os._exit(7)",
    "abort": "import os; os.abort()",
    "SIGTERM": "import os; os.kill(os.getpid(), 15)",
    "SIGKILL": "import os; os.kill(os.getpid(), 9)",
    "SIGSEGV": "import os; os.kill(os.getpid(), 11)",
    "SIGINT": "import os, time; os.kill(os.getpid(), 2); time.sleep(5)",
    "atexit": """
        import atexit, sys
        for number in range(3):
            atexit.register(lambda number=number: print_(number))
        def print_(number):
            sys.stdout.write("%d %s\\n" % (number, __name__))
        print_("main")
    """,
    "failing atexit": """
        import atexit, sys
        atexit.register(sys.stdout.write, "first\\n")
        atexit.register(lambda: 1 / 0)
        atexit.register(sys.stdout.write, "last\\n")
    """,
    "exit in atexit": """
        import atexit, sys
        atexit.register(sys.stdout.write, "first\\n")
        atexit.register(lambda: sys.exit(6))
        sys.exit(2)
    """,
    "last exception in atexit": """
        import atexit, sys
        atexit.register(lambda: sys.stdout.write("%r\\n" % sys.last_value))
        raise ValueError("a")
    """,
    "finalizers": """
        import sys
        class Loud(object):
            def __init__(self, name):
                self.name = name
            def __del__(self, write=sys.stdout.write):
                write("gone: %s\\n" % self.name)
        first = Loud("first")
        def f():
            return first
        ring = Loud("ring")
        ring.ring = ring
    """,
    "finalizer that needs its module": """
        import sys
        word = "here"
        class Loud(object):
            def __del__(self):
                sys.stdout.write("%s\\n" % word)
        one = Loud()
    """,
    "failing finalizer": """
        class Loud(object):
            def __del__(self):
                1 / 0
        one = Loud()
        del one
    """,
    "weak callbacks": """
        import sys, weakref
        if sys.version_info[0] > 2:
            class Thing:
                pass
            thing = Thing()
            weakref.finalize(thing, print, "finalized")
    """,
    "exit in a function": """
        import sys
        def f():
            sys.exit("why")
        try:
            f()
        finally:
            print(1)
    """,
    "exception with exit handler and thread": """
        import atexit, threading, time, sys
        atexit.register(sys.stdout.write, "handler\\n")
        threading.Thread(target=lambda: (time.sleep(0.05), sys.stdout.write("thread\\n"))).start()
        raise LookupError("main")
    """,
    "own handler": """
        import os, signal, sys
        def heard(number, frame):
            print(number, frame.f_globals is globals())
            sys.exit(5)
        signal.signal(signal.SIGTERM, heard)
        os.kill(os.getpid(), signal.SIGTERM)
        signal.pause()
    """,
    "alarm": "import signal\nsignal.setitimer(signal.ITIMER_REAL, 0.05)\nsignal.pause()",
    "broken pipe": """
        import os, sys
        read, write = os.pipe()
        os.close(read)
        os.write(write, b"a")
    """,
}
