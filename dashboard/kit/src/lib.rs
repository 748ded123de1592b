//! What the wall and the console share: tokens, shapes, charts, texts and the live client.
