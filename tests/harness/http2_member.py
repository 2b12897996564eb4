#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A member of python3-h2 that speaks HTTP/2 without TLS and nothing else: http2_member.py NAME PORT. GET /live is answered with 204, anything
else with 200 and the member's name. Prints {"event": "ready"}."""
import asyncio
import json
import sys

import h2.config
import h2.connection
import h2.events
import h2.exceptions

NAME = sys.argv[1]


async def serve(reader, writer):
    connection = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False, header_encoding="utf-8"))
    connection.initiate_connection()
    try:
        while True:
            writer.write(connection.data_to_send())
            data = await reader.read(65536)
            if not data:
                return
            for event in connection.receive_data(data):
                if isinstance(event, h2.events.RequestReceived):
                    live = dict(event.headers)[":path"] == "/live"
                    connection.send_headers(event.stream_id, [(":status", "204" if live else "200")], end_stream=live)
                    if not live:
                        connection.send_data(event.stream_id, NAME.encode(), end_stream=True)
    except (ConnectionError, h2.exceptions.ProtocolError):
        pass  # the client left, or speaks something else
    finally:
        writer.close()


async def main():
    server = await asyncio.start_server(serve, "0.0.0.0", int(sys.argv[2]))
    print(json.dumps({"event": "ready"}), flush=True)
    await server.serve_forever()


asyncio.run(main())
