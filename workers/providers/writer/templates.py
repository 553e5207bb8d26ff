"""The sentences this writer has of its own. Each says what it is: words put together, not knowledge."""

#: How a paragraph opens, goes on and closes. `{0}` to `{2}` are words of the request.
OPENINGS = (
    "You asked about {0}, so here is a plain text made of your own words and a template.",
    "This text is about {0}; it was put together by a template from the words of the request.",
    "A template wrote these lines around {0}, because no trained model works here.",
)
MIDDLES = (
    "It takes up {0} first, and leaves room for {1}.",
    "Where {0} meets {1}, the template has nothing to add but order.",
    "{1} follows {0} here only because it was named in that order.",
    "A reader who came for {0} will find {2} close by.",
    "Between {0} and {2} stands {1}, as the request has it.",
    "What {1} is to {2}, only its author can say.",
    "So far {0} has been named, and {1} comes next.",
    "Should {2} matter more than {0}, put it first and the text will too.",
    "Every line that names {1} was chosen by rule, and the same request gives the same line.",
    "Facts about {0} would have to be given; then the best of them would be repeated here.",
)
CLOSINGS = (
    "Give it a text to work on, and it summarises, lists, shortens or answers from it.",
    "With a text of yours it can do more: summarise it, find an answer in it, or make a title.",
    "That is all a template can say; a text that you provide can be summarised or searched instead.",
)
NO_SOURCE = (
    "There is no text to work on. Put it behind the instruction, after a colon or on the next line.",
    "This writer works on texts that it is given, and none was. Add one after a colon or on the next line.",
)
NOT_FOUND = (
    "The text given does not answer that: none of its sentences shares a telling word with the question.",
    "Nothing in the text given speaks of that.",
)
NO_KNOWLEDGE = (
    "This writer knows nothing by itself; it finds answers only in texts that it is given, and none was given.",
    "No text was given to look in, and without one this writer knows nothing.",
)
NOTHING = "The text given holds no words to work on."
NO_TRANSLATION = "This writer cannot translate; it only selects and rearranges sentences of the text that it is given."
#: Loose words, and what stands in letters to strangers.
FORMAL: dict[str, str] = {
    "a lot of": "a great deal of", "asap": "as soon as possible", "ain't": "is not", "aren't": "are not", "bye": "kind regards",
    "can't": "cannot", "couldn't": "could not", "didn't": "did not", "doesn't": "does not", "don't": "do not", "fix": "resolve",
    "get back to": "reply to", "gonna": "going to", "gotta": "have to", "guys": "colleagues", "hasn't": "has not", "haven't": "have not",
    "he's": "he is", "hey": "good day", "hi": "good day", "i'll": "I will", "i'm": "I am", "i've": "I have", "isn't": "is not",
    "it's": "it is", "kids": "children", "kinda": "rather", "let's": "let us", "lots of": "many", "nope": "no", "ok": "acceptable",
    "okay": "acceptable", "she's": "she is", "shouldn't": "should not", "stuff": "material", "thanks": "thank you", "that's": "that is",
    "they're": "they are", "wanna": "want to", "wasn't": "was not", "we'll": "we will", "we're": "we are", "we've": "we have",
    "weren't": "were not", "won't": "will not", "wouldn't": "would not", "yeah": "yes", "yep": "yes", "you'll": "you will",
    "you're": "you are", "you've": "you have",
}  # fmt: skip
#: Words that a shorter text does without.
FILLERS = (
    "actually", "as a matter of fact", "at the end of the day", "basically", "certainly", "definitely", "essentially", "for the most part",
    "frankly", "honestly", "in my opinion", "in order", "indeed", "it should be noted that",
    "just", "kind of", "literally", "needless to say",
    "obviously", "of course", "quite", "rather", "really", "simply", "somewhat", "sort of", "totally", "truly", "very",
)  # fmt: skip
