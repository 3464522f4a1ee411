/** What `fota init --print` can print. */
export const TEMPLATE_FORMATS = ["cloudformation", "terraform", "cdk"] as const;
export type TemplateFormat = (typeof TEMPLATE_FORMATS)[number];
