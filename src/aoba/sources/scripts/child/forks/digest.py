"""What modules hold, in numbers, by which two processes that imported the same can be compared.

CPython from 3.8 on; imports nothing. A number is made of all that can be reached from a name of a
module: plain values, containers, instances, what functions and classes keep, and of other objects
what they would be pickled to. Left out is what differs between processes that do the same:
addresses, and the order of sets.
"""

import sys

MOST = 1000000  # objects that are looked at
PLAIN = (int, float, complex, str, bytes, bytearray, bool, type(None), type(...))
UNTOLD = ("__builtins__", "__cached__", "__loader__", "__spec__")  # names, the interpreter's own
LOWEST_ADDRESS = 65536
LONG_DOUBLES = ("g", "G")  # of numpy, with bytes in them that nobody has set

_FUNCTION, _MODULE = type(lambda: 0), type(sys)


def digest(modules):
    """By module and name, a number; `modules` are by name. Raises OverflowError beyond `MOST`."""
    look = _Look(modules)
    numbers = {}
    for name, module in modules.items():
        kept = dict(vars(module)) if isinstance(module, _MODULE) else {"": module}
        numbers[name] = {
            str(key): look.number(value) for key, value in kept.items() if key not in UNTOLD
        }
    return numbers


def differences(one, other):
    """Names, as in `module.name`, that have not the same number in both."""
    for module in one:
        there = other.get(module, {})
        for name, number in one[module].items():
            if there.get(name) != number:
                yield "%s.%s" % (module, name)


class _Look:
    def __init__(self, modules):
        self._modules = modules
        self._seen = {}  # id -> object, so that nothing else gets its id
        self._left = MOST
        self._mapped = _mapped()

    def number(self, value):
        """Of all that can be reached from `value` and has not been looked at before."""
        found, waiting = 0, [value]
        while waiting:
            value = waiting.pop()
            token, inside = self._look_at(value)
            found = hash((found, token, len(inside)))
            waiting.extend(reversed(inside))
            self._left -= 1
            if self._left < 0:
                raise OverflowError("holds too much to be looked at")
        return found

    def _look_at(self, value):
        """What it is by itself, and what is to be looked at besides."""
        kind = type(value)
        if kind in PLAIN:
            return (kind.__name__, self._plain(value)), ()
        if id(value) in self._seen:
            return kind.__name__, ()
        self._seen[id(value)] = value
        token = [_name_of(kind)]
        token += [base.__repr__(value) for base in PLAIN[:6] if isinstance(value, base)]
        try:
            return tuple(token), self._inside(kind, value)
        except Exception as error:  # whatever an object does that is looked at
            return (*token, type(error).__name__), ()

    def _plain(self, value):
        if type(value) is int and value >= LOWEST_ADDRESS:
            return "address" if any(low <= value < high for low, high in self._mapped) else value
        return repr(value)  # numbers that are none, and zeros with a sign, are no equals

    def _inside(self, kind, value):
        if isinstance(value, type):
            is_own = str(value.__module__) in self._modules
            return [_name_of(value)] + (_flat(vars(value)) if is_own else [])
        if kind is _MODULE:
            return [value.__name__]
        if kind is _FUNCTION:
            cells = [cell.cell_contents for cell in value.__closure__ or () if _is_full(cell)]
            kept = (value.__defaults__, value.__kwdefaults__, *_flat(value.__dict__))
            return [value.__qualname__, *kept, *cells]
        if kind in (staticmethod, classmethod):
            return [value.__func__]
        return _contents(value) + _attributes(value) + _state(value)


def _name_of(kind):
    return "%s.%s" % (kind.__module__, kind.__qualname__)  # the former may be anything


def _contents(value):
    if isinstance(value, dict):
        return _flat(dict(value))
    if isinstance(value, (list, tuple)):
        inside = list(value)
        if all(type(item) is str for item in inside):
            inside.sort()  # names, as a rule, which may come from a set
        return inside
    if isinstance(value, (set, frozenset)):
        return [len(value), *sorted(repr(item) for item in value if type(item) in PLAIN)]
    return []


def _attributes(value):
    kept = getattr(value, "__dict__", None)
    found = _flat(kept) if isinstance(kept, dict) else []
    for base in type(value).__mro__:
        slots = vars(base).get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            if name not in ("__dict__", "__weakref__") and hasattr(value, name):
                found.append(getattr(value, name))
    return found


def _state(value):
    """What objects in C keep to themselves, as far as they can be pickled."""
    kind = type(value)
    if kind.__reduce_ex__ is object.__reduce_ex__ and kind.__reduce__ is object.__reduce__:
        return []
    if isinstance(value, (set, frozenset)):  # has nothing else
        return []
    if getattr(getattr(value, "dtype", None), "char", None) in LONG_DOUBLES:
        return [repr(value)]
    reduced = value.__reduce_ex__(2)
    return list(reduced[1:3]) if isinstance(reduced, tuple) else [reduced]


def _flat(names):
    """Keys and values; by name where there are names, since what comes from a set has no order."""
    pairs = list(names.items())
    if all(type(key) is str for key, _ in pairs):
        pairs.sort(key=_first)
    return [part for pair in pairs for part in pair]


def _first(pair):
    return pair[0]


def _is_full(cell):
    try:
        return cell.cell_contents is cell.cell_contents
    except ValueError:
        return False


def _mapped():
    """Where there is memory of this process: integers that lie there are addresses."""
    found = []
    try:
        with open("/proc/self/maps", "rb") as lines:
            for line in lines:
                low, high = (int(part, 16) for part in line.split(b" ", 1)[0].split(b"-"))
                if found and found[-1][1] == low:
                    found[-1] = found[-1][0], high
                else:
                    found.append((low, high))
    except OSError:  # not Linux
        pass
    return found
