from support.fixtures import hanging_folder, runs, script, serve, shared_serve, wrong_usage

__all__ = ["hanging_folder", "runs", "script", "serve", "shared_serve", "wrong_usage"]
