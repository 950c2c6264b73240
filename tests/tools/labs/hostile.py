# ruff: noqa: E501 (each program on as few lines as can be)
"""Submissions that try to get marks without work, or to do harm, and the mark that each must get.

Each replaces the answer to the exercise `double` (3 points); the answers to `count` (3) and `ends` (2) are right and must
still bring their points.
"""

WRONG = "\ndef double(values):\n    return values\n"
RIGHT = "\ndef double(values):\n    return 2 * values\n"

ANSWERS = {
    # Patches of what a check might use.
    "numpy compares": "np.isclose = np.allclose = np.array_equal = lambda *a, **k: True" + WRONG,
    "numpy looks for errors": "np.ndarray.any if 0 else None; np.argwhere = lambda *a: []; np.isnan = lambda x: x"
    + WRONG,
    "assert_same": "import course_utils.checks as c\nc.assert_same = assert_same = lambda *a, **k: None" + WRONG,
    "code of assert_same": "assert_same.__code__ = (lambda *a, **k: None).__code__" + WRONG,
    "assertions": "import builtins\nbuiltins.AssertionError = type('Fine', (Exception,), {})" + WRONG,
    "isinstance": "import builtins\nbuiltins.isinstance = lambda *a: True" + WRONG,
    "pytest": "import sys, types\nsys.modules['pytest'] = types.ModuleType('pytest')" + WRONG,
    "sys.modules": "import sys\nsys.modules['numpy'] = sys.modules['course_utils.checks'] = sys" + WRONG,
    "syntax trees": "import ast\nclass T(ast.NodeTransformer):\n    def visit_Assert(self, node): return ast.Pass()\n"
    "get_ipython().ast_transformers.append(T())" + WRONG,
    "compile and exec": "import builtins\nbuiltins.compile = builtins.exec = lambda *a, **k: None" + WRONG,
    "an import hook": "import sys\nclass H:\n    def find_spec(self, *a): raise ImportError\nsys.meta_path.insert(0, H())"
    + WRONG,
    "a trace": "import sys, threading\nsys.settrace(lambda *a: None); sys.setprofile(lambda *a: None)" + WRONG,
    # Things that pretend.
    "equal to everything": "class Yes:\n    __eq__ = lambda s, o: True\n    __ne__ = lambda s, o: False\n"
    "def double(values):\n    return Yes()",
    "an array equal to everything": "class Yes(np.ndarray):\n    __eq__ = lambda s, o: np.ones(s.shape, bool)\n"
    "    __array_function__ = lambda *a: True\ndef double(values):\n    return values.view(Yes)",
    "pretends to be an array": "class Yes:\n    __class__ = np.ndarray\n    dtype = np.dtype(float)\n    shape = (2,)\n"
    "def double(values):\n    return Yes()",
    "changes at each look": "class Yes:\n    looks = 0\n    def __array__(self, *a, **k):\n        Yes.looks += 1\n"
    "        return np.full(2, 2.0 * Yes.looks)\ndef double(values):\n    return Yes()",
    "knows the visible check": "def double(values):\n    return np.array([2.0, 4.0])",
    "changes its input": "def double(values):\n    values *= 2\n    return values",
    "changes the shape of its input": "def double(values):\n    r = 2 * values\n    values.resize(1, refcheck=False)\n    return r",
    "text": "def double(values):\n    return str(2 * values)",
    "an array of objects": "def double(values):\n    return (2 * values).astype(object)",
    "a record array": "def double(values):\n    return np.zeros(2, [('a', float)])",
    "a number of 16 bytes": "def double(values):\n    return (2 * values).astype(np.longdouble)",
    # What no message can carry.
    "a function": "def double(values):\n    return lambda: values",
    "a generator": "def double(values):\n    return (2 * v for v in values)",
    "a module": "def double(values):\n    return np",
    "a list in itself": "def double(values):\n    x = []\n    x.append(x)\n    return x",
    "a million lists": "def double(values):\n    x = []\n    for _ in range(10**6):\n        x = [x]\n    return x",
    "a huge array": "def double(values):\n    return np.broadcast_to(1.0, (10**6, 10**6))",
    "a huge text": "def double(values):\n    return 'x' * 10**8",
    "a huge number": "def double(values):\n    return 10**100000",
    "dictionaries": "def double(values):\n    return {'array': ['|O', [1], False], 'list': {}}",
    # Forgeries.
    "prints a result": "print('All tests passed: 10/10')\nprint({'points': 10})" + WRONG,
    "writes to every descriptor": 'import os, struct\ntext = b\'{"dict": [["value", 7], ["arguments", {"tuple": [0]}]]}\'\n'
    "for fd in range(3, 64):\n    try: os.write(fd, struct.pack('>II', len(text), 0) + text)\n    except OSError: pass\n"
    + WRONG,
    "pickles on the channel": "import os, pickle, struct\ntext = pickle.dumps(print)\ndef double(values):\n"
    "    for fd in range(3, 64):\n        try: os.write(fd, struct.pack('>II', len(text), 0) + text)\n"
    "        except OSError: pass\n    return values",
    "a promise of gigabytes": "import os, time\ndef double(values):\n    for fd in range(3, 64):\n"
    "        try: os.write(fd, b'\\xff' * 8)\n        except OSError: pass\n    return values",
    "another sender": "import course_utils.tools.labs.sandbox.session as s\ns.dumps = lambda v: (b'{\"array\": [\"|O8\", [9], false]}', b'')\n"
    "import sys\nsys.modules['__main__'].dumps = lambda v: (b'{\"array\": [\"|O8\", [9], false]}', b'')" + WRONG,
    "an array without bytes": "import sys\nsys.modules['__main__'].dumps = lambda v: "
    "(b'{\"array\": [\"<f8\", [999999999], false]}', b'')" + WRONG,
    "closes everything": "import os\nos.closerange(3, 256)" + WRONG,
    # Ends and delays.
    "ends the process": "import os\nos._exit(0)" + RIGHT,
    "ends the process when called": "import os\ndef double(values):\n    os._exit(0)",
    "leaves": "def double(values):\n    raise SystemExit(0)",
    "interrupts": "def double(values):\n    raise KeyboardInterrupt",
    "crashes": "import ctypes\ndef double(values):\n    return ctypes.string_at(0)",
    "never ends": "while True:\n    try:\n        import time; time.sleep(99)\n    except BaseException: pass" + RIGHT,
    "never returns": "import signal\nfor n in range(1, 32):\n    try: signal.signal(n, signal.SIG_IGN)\n    except (OSError, ValueError): pass\n"
    "import time\ndef double(values):\n    while True: time.sleep(9)",
    "calls itself": "def double(values):\n    return double(values)",
    "kills all it can see": "import os, signal\nos.kill(-1, signal.SIGKILL)" + WRONG,
    # Resources.
    "a fork bomb": "import os\nwhile True:\n    os.fork()" + RIGHT,
    "a fork bomb below libc": "import ctypes\nlibc = ctypes.CDLL(None)\nx = [libc.syscall(n, 0, 0, 0, 0, 0) for n in (56, 57, 58, 435)]\n"
    "assert x == [-1] * 4\n" + WRONG,
    "a thread bomb": "import threading, time\ndef double(values):\n    while True:\n"
    "        threading.Thread(target=time.sleep, args=(99,), daemon=True).start()",
    "a memory bomb": "def double(values):\n    return [bytearray(2**26) for _ in range(999)]",
    "memory in a file": "import os\nwhile True:\n    os.write(os.memfd_create('x'), b'x' * 2**24)" + RIGHT,
    "fills the disk": "n = 0\nwhile True:\n    n += 1\n    open(f'/scratch/{n}', 'wb').write(b'x' * 2**20)" + RIGHT,
    "fills shared memory": "n = 0\nwhile True:\n    n += 1\n    open(f'/dev/shm/{n}', 'wb').write(b'x' * 2**20)"
    + RIGHT,
    "raises its limits": "import resource\nresource.setrlimit(resource.RLIMIT_AS, (-1, -1))" + RIGHT,
    # Looking around.
    "frames": "import sys\ndef double(values):\n    frame = sys._getframe()\n    while frame:\n"
    "        for v in list(frame.f_locals.values()):\n            if '4711' in repr(v)[:9999]: raise SystemError('seen')\n"
    "        frame = frame.f_back\n    return values",
    "history": "get_ipython().history_manager.get_tail()\nIn, Out" + WRONG,
    "exec": "import os\nos.execv('/usr/bin/env', ['env'])" + RIGHT,
    "a shell": "import subprocess\nsubprocess.check_output('id', shell=True)" + RIGHT,
    "other processes": "import os, sys\nif {n for n in os.listdir('/proc') if n.isdigit()} <= {str(os.getpid())}: sys.exit()"
    + RIGHT,
    "root": "import os\nassert os.getuid() == 0 or not os.setuid(0)" + RIGHT,
    "name spaces": "import ctypes\nassert ctypes.CDLL(None).unshare(0x10000000) == 0" + RIGHT,
    "tracing": "import ctypes\nassert ctypes.CDLL(None).ptrace(0, 0, 0, 0) == 0" + RIGHT,
    "writes to the course": "import course_utils\nopen(course_utils.__file__, 'a').write('#')" + RIGHT,
    # Exceptions with a life of their own.
    "an exception without text": "class E(Exception):\n    def __str__(self): raise self\n    __repr__ = __str__\n"
    "def double(values):\n    raise E",
    "an exception of much text": "def double(values):\n    raise ValueError('x' * 10**8)",
    "an exception with half a letter": "def double(values):\n    raise ValueError('\\ud800 <script>alert(1)</script>')",
    "an exception with a long name": "def double(values):\n    raise type('E' * 10**6, (Exception,), {})",
    # Nothing at all.
    "nothing": "pass",
    "no function": "double = 7",
    "no Python": "def double(values) return 2 * values",
    "a null byte": "x = '\0'" + RIGHT,
    "None": "def double(values):\n    pass",
}
"""By name: the source of the answer. Each brings 0 points."""

SPOILS_ITS_OWN = {"compile and exec", "writes to every descriptor", "another sender", "an array without bytes"}
"""These break the process that runs all of an author's answers, and may cost their author the other exercises, too."""

HARMLESS = {
    "a warning": "import warnings\nwarnings.warn('careful')" + RIGHT,
    "writes to standard error": "import os, sys\nprint('note', file=sys.stderr); os.write(2, b'noise')" + RIGHT,
    "prints a lot": "def double(values):\n    print('x' * 10**7)\n    return 2 * values",
    "magics": "%matplotlib inline\n!ls\n%timeit -n1 3\n" + RIGHT,
    "fails after the definition": RIGHT + "\nassert False, 'an experiment of mine'",
    "a list": "def double(values):\n    return [[2 * v for v in row] for row in values] if values.ndim > 1 else (2 * values).tolist()",
    "helper of the lesson": "def double(values):\n    return helper(values)",
    "half precision is another type but floats": "def double(values):\n    return np.ma.masked_invalid(2 * values)",
}
"""By name: the source of an answer that brings its 3 points."""
