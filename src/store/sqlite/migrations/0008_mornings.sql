-- Mornings are read back from the journal: a few events among very many. They are kept longer than the others.
CREATE INDEX journal_mornings ON journal (at) WHERE kind IN ('clock.tick', 'clock.caught_up', 'token.check',
    'token.refresh.succeeded', 'login.completed', 'login.required', 'token.day_given_up', 'exchange.switched');
