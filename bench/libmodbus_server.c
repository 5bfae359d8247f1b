/* A server of 10 000 holding registers with libmodbus, many clients in one select loop, as the
 * library is meant to be used: modbus_receive takes a request, modbus_reply answers it out of a
 * mapping. Prints its port. */
#include <arpa/inet.h>
#include <modbus.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/select.h>
#include <unistd.h>

#define REGISTERS 10000

/* False where the client is gone. */
static int serve(modbus_t *context, modbus_mapping_t *mapping, int client)
{
    uint8_t request[MODBUS_TCP_MAX_ADU_LENGTH];
    modbus_set_socket(context, client);
    int size = modbus_receive(context, request);
    if (size > 0)
        modbus_reply(context, request, size, mapping);
    return size >= 0;
}

int main(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof address;
    modbus_t *context = modbus_new_tcp("127.0.0.1", 1502);
    modbus_mapping_t *mapping = modbus_mapping_new(0, 0, REGISTERS, 0);
    int listener = socket(AF_INET, SOCK_STREAM, 0), highest = listener;
    fd_set all;

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    /* modbus_tcp_listen cannot be asked for a port that is free. */
    if (!mapping || bind(listener, (void *)&address, size) || listen(listener, 512))
        return perror("libmodbus_server"), 1;
    getsockname(listener, (void *)&address, &size);
    printf("%d\n", ntohs(address.sin_port)), fflush(stdout);
    for (int i = 0; i < REGISTERS; i++)
        mapping->tab_registers[i] = i;

    FD_ZERO(&all);
    FD_SET(listener, &all);
    for (;;) {
        fd_set ready = all;
        if (select(highest + 1, &ready, 0, 0, 0) < 0)
            return perror("libmodbus_server"), 1;
        for (int fd = 0; fd <= highest; fd++) {
            if (!FD_ISSET(fd, &ready))
                continue;
            if (fd == listener) {
                int client = accept(listener, 0, 0);
                if (client < 0 || client >= FD_SETSIZE)
                    return perror("libmodbus_server"), 1;
                FD_SET(client, &all);
                highest = client > highest ? client : highest;
            } else if (!serve(context, mapping, fd)) {
                close(fd);
                FD_CLR(fd, &all);
            }
        }
    }
}
