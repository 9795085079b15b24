package main

import (
	"bufio"
	"io"
	"net"
)

// What a connection of HTTP/2, and so of gRPC, begins with (RFC 9113, section 3.4).
const preface = "PRI * HTTP/2.0"

// sort sends a connection of gRPC on to the fake byte by byte, so that nothing in it overtakes anything,
// and hands any other over to REST.
func sort(connection net.Conn, fake string, rest *handedOver) {
	reader := bufio.NewReader(connection)
	first, err := reader.Peek(len(preface))
	if err != nil && len(first) == 0 {
		_ = connection.Close()
		return
	}
	if string(first) != preface {
		rest.connections <- peeked{connection, reader}
		return
	}
	native, err := net.Dial("tcp", fake)
	if err != nil {
		_ = connection.Close()
		return
	}
	go copyAndClose(native, reader)
	copyAndClose(connection, native)
}

func copyAndClose(to net.Conn, from io.Reader) {
	_, _ = io.Copy(to, from)
	_ = to.Close()
}

// peeked is a connection of which the first bytes were read already.
type peeked struct {
	net.Conn
	reader *bufio.Reader
}

func (p peeked) Read(into []byte) (int, error) { return p.reader.Read(into) }

// handedOver is a listener for connections that were accepted elsewhere.
type handedOver struct {
	connections chan net.Conn
	address     net.Addr
}

func newHandedOver(address net.Addr) *handedOver {
	return &handedOver{connections: make(chan net.Conn), address: address}
}

func (h *handedOver) Accept() (net.Conn, error) { return <-h.connections, nil }
func (h *handedOver) Close() error              { return nil }
func (h *handedOver) Addr() net.Addr            { return h.address }
