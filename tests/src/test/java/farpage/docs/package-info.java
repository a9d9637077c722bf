/// What the documents tell users to type is typed.
@org.jspecify.annotations.NullMarked
package farpage.docs;
