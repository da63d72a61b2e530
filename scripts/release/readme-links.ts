// README.md as a package ships it: docs/ stays in the repository, so that links into it become absolute.

const REPOSITORY = "https://github.com/eks-satellite/eks-satellite";

/** A link or an image with a target; one that has a scheme, or is an anchor of the page itself, stays. */
const LINK = /(!?)(\[[^\]]*\])\((?![a-z][a-z0-9+.-]*:|#)([^()\s]+)\)/gi;

/** Makes the relative links of a page at the repository's root absolute. */
export function absoluteLinks(text: string): string {
  return text.replaceAll(LINK, (_, mark: string, label: string, target: string) => {
    const view = mark === "!" ? "raw" : "blob";
    return `${mark}${label}(${REPOSITORY}/${view}/main/${target})`;
  });
}
