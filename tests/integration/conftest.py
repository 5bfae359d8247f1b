from support.fixtures import runs, script, serve, shared_serve, wrong_usage

__all__ = ["runs", "script", "serve", "shared_serve", "wrong_usage"]
