from cefrbench import Access, Corpus, CorpusCard, Rows, hookimpl


class PostCards(Corpus):
    card = CorpusCard(
        name="post-cards",
        title="Two invented post cards",
        languages=("en",),
        licence="CC0-1.0",
        source="https://example.org/post-cards",
        citation="Invented for this page.",
        task="A post card",
        rated_by="nobody",
    )

    def rows(self, access: Access) -> Rows:
        return Rows(
            [
                {"lang": "en", "cefr_level": "A1", "text": "Here is sun. I swim."},
                {"lang": "en", "cefr_level": "B1", "text": "If it rains tomorrow, we will read."},
            ]
        )


@hookimpl
def register_corpora(register):
    register(PostCards())
