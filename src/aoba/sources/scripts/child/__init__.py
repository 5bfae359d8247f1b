"""What runs in other processes: two programs, and their parts in a folder each.

They are started by path, under a script's Python, where Aoba cannot be imported. So nothing here
imports anything of Aoba's, and Aoba imports the two programs for their paths alone.
"""
