"""Scripts that are not alone: threads, children, pools, event loops."""

CASES = {
    "threads": """
        import threading, time, sys
        def slow(name):
            time.sleep(0.1)
            sys.stdout.write(name)
        threads = [threading.Thread(target=slow, args=(name,)) for name in "a"]
        daemon = threading.Thread(target=time.sleep, args=(60,))
        daemon.daemon = True
        print(threading.current_thread(), threading.active_count())
        [thread.start() for thread in threads + [daemon]]
        import atexit
        atexit.register(sys.stdout.write, "exit handler\\n")
        print("main is over")
    """,
    "exception in a thread": """
        import threading
        def f():
            1 / 0
        thread = threading.Thread(target=f)
        thread.start()
        thread.join()
        print("on it goes")
    """,
    "exit in a thread": """
        import threading, sys
        thread = threading.Thread(target=sys.exit, args=(5,))
        thread.start()
        thread.join()
    """,
    "pool of threads": """
        import sys
        if sys.version_info[0] > 2:
            from concurrent.futures import ThreadPoolExecutor
            pool = ThreadPoolExecutor(2)
            print(pool.submit(sum, [1, 2]).result())
            pool.submit(print, "late")
    """,
    "multiprocessing fork": """
        import multiprocessing, sys
        def double(n):
            return 2 * n
        if sys.version_info[0] > 2:
            multiprocessing.set_start_method("fork")
        if __name__ == "__main__":
            pool = multiprocessing.Pool(2)
            print(pool.map(double, range(5)))
            pool.close()
            pool.join()
    """,
    "multiprocessing spawn": """
        import multiprocessing, sys
        def say(queue):
            queue.put((__name__, sys.argv, sys.path[0]))
        if __name__ == "__main__" and sys.version_info[0] > 2:
            context = multiprocessing.get_context("spawn")
            queue = context.Queue()
            process = context.Process(target=say, args=(queue,))
            process.start()
            print(queue.get(timeout=20))
            process.join()
            print(process.exitcode)
    """,
    "os.fork": """
        import os, sys, atexit
        atexit.register(lambda: sys.stdout.write("end\\n"))
        pid = os.fork()
        if pid:
            print(os.waitpid(pid, 0)[1])
        else:
            sys.exit(3)
    """,
    "subprocess": """
        import subprocess, sys
        print(subprocess.call([sys.executable, "-c", "print(1); raise SystemExit(2)"]))
        print(subprocess.Popen(["sh", "-c", "echo $$ > /dev/null; exit 4"]).wait())
    """,
    "asyncio": """
        import sys
        if sys.version_info >= (3, 7):
            import asyncio
            async def main():
                process = await asyncio.create_subprocess_exec("sh", "-c", "exit 3")
                print(await process.wait(), await asyncio.sleep(0.01, "slept"))
            asyncio.run(main())
    """,
    "daemon that works": """
        import sys, threading, time
        def work():
            while True:
                time.sleep(0.001)
        for _ in range(3 if sys.version_info[0] > 2 else 0):  # 2.7 may complain at its end
            thread = threading.Thread(target=work)
            thread.daemon = True
            thread.start()
        time.sleep(0.02)
        print("over")
    """,
    "multiprocessing forkserver": """
        import multiprocessing, sys
        def double(n):
            return 2 * n
        if __name__ == "__main__" and sys.version_info[0] > 2:
            with multiprocessing.get_context("forkserver").Pool(1) as pool:
                print(pool.map(double, [1, 2]))
    """,
    "pool of processes": """
        import sys
        class Thing(object):
            def __init__(self, n):
                self.n = n
        def wrap(n):
            return Thing(n + 1)
        if __name__ == "__main__" and sys.version_info[0] > 2:
            from concurrent.futures import ProcessPoolExecutor
            with ProcessPoolExecutor(1) as pool:
                print([thing.n for thing in pool.map(wrap, [1, 2])])
    """,
}
