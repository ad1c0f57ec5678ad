// Asks a running platform three things with a generated client: see docs/generated-clients.md.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"time"

	"example.org/decent-cloud-example/decentcloud"
)

const deadline = 30 * time.Second

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: go run . http://localhost:59011 me.pem")
		os.Exit(2)
	}
	if err := run(context.Background(), os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, apiURL, keyFile string) error {
	me, err := readCaller(keyFile)
	if err != nil {
		return err
	}
	inTime := decentcloud.WithHTTPClient(&http.Client{Timeout: deadline})
	anybody, err := decentcloud.NewClientWithResponses(apiURL, inTime)
	if err != nil {
		return err
	}
	signed, err := decentcloud.NewClientWithResponses(apiURL, inTime, decentcloud.WithRequestEditorFn(me.sign))
	if err != nil {
		return err
	}

	health, err := anybody.GetHealthWithResponse(ctx)
	if err != nil {
		return err
	}
	if health.JSON200 == nil {
		return refusal(health.Status(), health.Body)
	}
	fmt.Println("health:", health.JSON200.Message)

	limit := int64(3)
	offerings, err := anybody.SearchOfferingsWithResponse(ctx, &decentcloud.SearchOfferingsParams{Limit: &limit})
	if err != nil {
		return err
	}
	if offerings.JSON200 == nil {
		return refusal(offerings.Status(), offerings.Body)
	}
	for _, offering := range offerings.JSON200.Data {
		fmt.Printf("offering: %s, %.2f %s a month\n", offering.OfferName, offering.MonthlyPrice, offering.Currency)
	}

	wallet, err := signed.GetWalletWithResponse(ctx, me.publicKey())
	if err != nil {
		return err
	}
	if wallet.JSON200 == nil {
		return refusal(wallet.Status(), wallet.Body)
	}
	if balance := wallet.JSON200.Data.BalanceE9s; balance == nil {
		fmt.Println("wallet: never topped up")
	} else {
		fmt.Printf("wallet: %d.%09d USD\n", *balance/1e9, *balance%1e9)
	}
	return nil
}

// refusal tells what an answer that is no success says: programs branch on its code.
func refusal(status string, body []byte) error {
	var refused decentcloud.ErrorEnvelope
	if err := json.Unmarshal(body, &refused); err != nil || refused.Code == "" {
		return fmt.Errorf("unexpected answer: %s", status)
	}
	return fmt.Errorf("%s: %s (%s, request %s)", refused.Code, refused.Error, status, refused.RequestId)
}
