pragma circom 2.0.0;

// Knows factors of a product: `a` is public and pinned by the requester, `b` comes with the request, `product` is what
// it learns. The author is public and squared so that no optimisation drops it.
template Product() {
    signal input author;
    signal input a;
    signal input b;
    signal output product;

    signal square;
    square <== author * author;
    product <== a * b;
}

component main {public [author, a]} = Product();
