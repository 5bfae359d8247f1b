from support.fixtures import runs, script, serve, shared_serve

__all__ = ["runs", "script", "serve", "shared_serve"]
