package main

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/sha512"
	"crypto/x509"
	"encoding/binary"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
)

// caller signs requests as docs/request-signing.md says, version 2.
type caller struct{ key ed25519.PrivateKey }

// readCaller reads a PKCS#8 file, as `dc identity export` and `openssl genpkey -algorithm ed25519` write it.
func readCaller(file string) (caller, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return caller{}, err
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return caller{}, fmt.Errorf("%s is no PEM file", file)
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return caller{}, fmt.Errorf("reading %s: %w", file, err)
	}
	private, isEd25519 := key.(ed25519.PrivateKey)
	if !isEd25519 {
		return caller{}, fmt.Errorf("%s holds no Ed25519 key", file)
	}
	return caller{private}, nil
}

func (c caller) publicKey() string {
	return hex.EncodeToString(c.key.Public().(ed25519.PublicKey))
}

// sign is a request editor of the generated client. It must be the last one: what changes later does not verify.
func (c caller) sign(_ context.Context, request *http.Request) error {
	body, err := bodyOf(request)
	if err != nil {
		return err
	}
	timestamp := strconv.FormatInt(time.Now().UnixNano(), 10)
	nonce := uuid.NewString()
	digest := sha512.Sum512(signedMessage(request, timestamp, nonce, body))
	signature, err := c.key.Sign(nil, digest[:], &ed25519.Options{Hash: crypto.SHA512, Context: "decent-cloud"})
	if err != nil {
		return fmt.Errorf("signing %s %s: %w", request.Method, request.URL.Path, err)
	}
	request.Header.Set("X-Public-Key", c.publicKey())
	request.Header.Set("X-Signature", hex.EncodeToString(signature))
	request.Header.Set("X-Timestamp", timestamp)
	request.Header.Set("X-Nonce", nonce)
	request.Header.Set("X-Signature-Version", "2")
	return nil
}

// signedMessage puts together eight parts, each behind its length.
func signedMessage(request *http.Request, timestamp, nonce string, body []byte) []byte {
	digest := sha512.Sum512(body)
	parts := []string{
		"decent-cloud-request-v2",
		timestamp,
		nonce,
		request.Method,
		strings.ToLower(request.Host),
		request.URL.EscapedPath(),
		request.URL.RawQuery,
		string(digest[:]),
	}
	var message []byte
	for _, part := range parts {
		message = binary.BigEndian.AppendUint32(message, uint32(len(part)))
		message = append(message, part...)
	}
	return message
}

// bodyOf leaves the request's own reader where it is.
func bodyOf(request *http.Request) ([]byte, error) {
	if request.Body == nil || request.Body == http.NoBody {
		return nil, nil
	}
	if request.GetBody == nil {
		return nil, fmt.Errorf("the body of %s %s can be read only once", request.Method, request.URL.Path)
	}
	reader, err := request.GetBody()
	if err != nil {
		return nil, err
	}
	defer reader.Close()
	return io.ReadAll(reader)
}
