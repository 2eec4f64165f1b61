// Receiving datagrams: epoll, recvmmsg and the socket options that the Glibc module does not export.
#ifndef WEIR_CLINUX_RECEIVE_H
#define WEIR_CLINUX_RECEIVE_H

#include <stddef.h>
#include <stdint.h>

// Every function that returns an int returns the negative errno where it fails.

/// A new epoll instance, closed on exec.
int weir_epoll_create(void);
/// Watches `descriptor` for readability, level-triggered; `token` comes back from `weir_epoll_wait`.
int weir_epoll_add(int epoll, int descriptor, uint64_t token);
int weir_epoll_remove(int epoll, int descriptor);
/// Fills `tokens` (at most `capacity`, at most 256) with what is readable. `timeout` in ms, -1: for ever. Interruption gives 0.
int weir_epoll_wait(int epoll, uint64_t *tokens, int capacity, int timeout);

/// A non-blocking eventfd that wakes a waiting thread.
int weir_wake_create(void);
int weir_wake_signal(int wake);
/// Takes all signals back.
int weir_wake_clear(int wake);
/// Waits up to `timeout` ms for a signal, which it leaves there: 1 signalled, 0 not.
int weir_wake_wait(int wake, int timeout);

/// Names the calling thread, for debuggers and `top`; at most 15 characters.
void weir_thread_name(const char *name);

/// Room for one `recvmmsg`: `count` datagrams of at most `size` bytes. Belongs to one thread.
typedef struct weir_datagrams weir_datagrams;
weir_datagrams *weir_datagrams_create(unsigned count, size_t size);
void weir_datagrams_destroy(weir_datagrams *datagrams);
/// Receives what is there without waiting: the number of datagrams, 0 when there is none.
int weir_datagrams_receive(weir_datagrams *datagrams, int descriptor);
/// The bytes of datagram `index` of the last receive; valid until the next.
const uint8_t *weir_datagrams_bytes(const weir_datagrams *datagrams, unsigned index, size_t *length);

/// Opens, binds and joins a receiving UDP socket: the descriptor, or the negative errno with `step` naming what failed.
///
/// `address`: numeric IPv4 or IPv6; a multicast group is bound to the group itself, shared between sockets, and joined.
/// `source`: for source-specific multicast (IPv4), else NULL. `interface`: address or name of the interface to join on, else NULL.
int weir_udp_open(const char *address, uint16_t port, const char *source, const char *interface, int receive_buffer,
                  const char **step);
/// The port that a socket is bound to.
int weir_udp_port(int descriptor);
/// Datagrams that the kernel dropped on this socket since it was opened, most of them for want of buffer (SO_MEMINFO).
/// Asked for now and then: the same number with each datagram (SO_RXQ_OVFL) costs a control message each. Fails on kernels before 4.12.
int64_t weir_udp_drops(int descriptor);
/// The size of its receive buffer as the kernel counts it.
int weir_udp_receive_buffer(int descriptor);

#endif
