from hypothesis import settings

# What fails once must fail again, on every machine; and a slow machine is no failure.
settings.register_profile("aoba", deadline=None, derandomize=True, max_examples=200)
settings.load_profile("aoba")
