"""Builtins of the resident interpreter's own program, whatever a script makes of everybody's.

A module that imports `own` as `__builtins__`, above its functions, has these.

Standard library only: it is a part of `resident`, which knows nothing of Aoba.
"""

import builtins

own = dict(vars(builtins))
