"""A client that has gone before it was served."""

import asyncio
from unittest.mock import Mock

from aoba.sources.http.server import _Server


def test_who_has_gone_before_its_turn_is_no_defect():
    async def main():
        connection = _Server(Mock())()
        connection.connection_made(Mock(asyncio.Transport))
        connection.connection_lost(None)
        return await connection.start()

    assert asyncio.run(main()) is None
